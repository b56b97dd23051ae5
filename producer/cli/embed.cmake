# embed.cmake - writes a C file with the texts of SQL files, for schema.h.
#
#   cmake -DOUTPUT=schema.c -DROOT=<sql folder> "-DFILES=steps/001-x.sql;functions/y.sql;…" -P embed.cmake
set(texts "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  string(APPEND texts "static const unsigned char text_${number}[] = {\n${bytes}0x00};\n")
  set(step 0)
  if(file MATCHES "^steps/0*([0-9]+)-")
    set(step ${CMAKE_MATCH_1})
  endif()
  string(APPEND rows "    {\"${file}\", ${step}, (const char *)text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}"
  "/* Written by embed.cmake. */\n#include \"schema.h\"\n\n${texts}\n"
  "const struct cli_schema_file cli_schema[] = {\n${rows}    {NULL, 0, NULL},\n};\n"
  "const size_t cli_schema_count = ${number};\n")
