#!/usr/bin/env bash
# Makes libs/bulletin/font/NotoSansSC-subset.ttf again, byte by byte: what bulletins are printed with.
# Needs npm, apt-get and Python 3.9 with venv. The characters are those of GB 2312 without kana, Cyrillic and
# boxes, of 通用规范汉字表 (kTGH of Unihan), of ASCII and Latin-1, and what bulletins punctuate with.
set -euo pipefail
cd "$(dirname "$0")/.."

font=@expo-google-fonts/noto-sans-sc@0.4.3
fonttools=4.68.0
sha256=ce0b477df4f87b1d73613996195593bd39a6a904190f6a4d8837194486db0b77
folder="$PWD/libs/bulletin/font"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm pack --silent "$font" >/dev/null
tar -xzf ./*.tgz package/400Regular/NotoSansSC_400Regular.ttf package/LICENSE_FONT
apt-get download unicode-data >/dev/null
dpkg -x unicode-data_*.deb .
python3 -m venv venv
venv/bin/pip install --quiet "fonttools==$fonttools"

venv/bin/python - <<'PYTHON'
import bz2

def gb2312():
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                yield ord(bytes([high, low]).decode("gb2312"))
            except UnicodeDecodeError:
                pass

chars = set(gb2312()) | set(range(0x20, 0x7F)) | set(range(0xA0, 0x100))
for line in bz2.open("usr/share/unicode/Unihan_OtherMappings.txt.bz2", "rt", encoding="utf-8"):
    fields = line.split("\t")
    if len(fields) == 3 and fields[1] == "kTGH":
        chars.add(int(fields[0][2:], 16))
chars |= set(range(0x2010, 0x2028)) | {0x2022, 0x2030, 0x203B, 0x20AC, 0x2212, 0x25A1}
chars |= set(range(0xFF01, 0xFF5F)) | set(range(0x3000, 0x3020))
unused = [range(0x0400, 0x0460), range(0x2500, 0x2580), range(0x3040, 0x3130)]
chars = sorted(char for char in chars if not any(char in block for block in unused))
open("chars.txt", "w", encoding="utf-8").write("".join(map(chr, chars)))
PYTHON

venv/bin/pyftsubset package/400Regular/NotoSansSC_400Regular.ttf --text-file=chars.txt \
  --layout-features= --no-hinting --notdef-outline --drop-tables+=GSUB,GPOS,GDEF,BASE,STAT,vmtx,vhea,gasp \
  --name-IDs=0,1,2,3,4,5,6,13,14 --output-file=NotoSansSC-subset.ttf
# Bulletins are the same bytes for good only while the font is: whoever changes it changes the digest, here
# and in the README.
sha256sum --check <<<"$sha256  NotoSansSC-subset.ttf"
mv NotoSansSC-subset.ttf "$folder/"
cp package/LICENSE_FONT "$folder/OFL.txt"
