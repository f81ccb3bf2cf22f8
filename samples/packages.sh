#!/usr/bin/env bash
# The packages of this Debian as a graph: packages.csv, a fact a line, and packages.tsv, what each package is.
set -euo pipefail
dpkg-query -W -f '${Package}\t${Section}\t${Depends}\t${Source}\n' | awk -F'\t' -v OFS=, '
  BEGIN { print "head,relation,tail" }
  {
    if ($2 != "") print $1, "is_in_section", $2
    count = split($3, needed, /, */)
    for (i = 1; i <= count; i++) if (split(needed[i], word, /[ |(:]/) && word[1] != "") print $1, "depends_on", word[1]
    split($4, source, " "); if (source[1] != "" && source[1] != $1) print $1, "is_built_from", source[1] "_source"
  }' | awk '!seen[$0]++' > packages.csv
dpkg-query -W -f '${Package}\t${binary:Summary}\n' > packages.tsv
