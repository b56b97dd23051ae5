# embed.cmake - writes a C file with the texts of SQL files, as an array of struct wf_embedded
# (base/embedded.h), ended by one of NULLs.
#
#   cmake -DOUTPUT=statements.c -DNAME=wf_statements -DROOT=<folder> "-DFILES=a.sql;steps/b.sql" -P embed.cmake
set(texts "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n"
         bytes "${bytes}")
  string(APPEND texts "static const unsigned char text_${number}[] = {\n${bytes}0x00};\n")
  string(APPEND rows "    {\"${file}\", (const char *)text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}"
  "/* Written by embed.cmake. */\n#include \"base/embedded.h\"\n\n${texts}\n"
  "const struct wf_embedded ${NAME}[] = {\n${rows}    {NULL, NULL},\n};\n")
