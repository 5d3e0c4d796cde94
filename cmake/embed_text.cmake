# SPDX-License-Identifier: Apache-2.0
#
# cmake -DINPUT=FILE -DOUTPUT=FILE.inc -P embed_text.cmake: a text file as a C++ string literal, in pieces, as some
# compilers limit the length of one.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(result "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 4000 piece)
  string(APPEND result "R\"embedded(${piece})embedded\"\n")
  math(EXPR at "${at} + 4000")
endwhile()
file(WRITE ${OUTPUT} "${result}")
