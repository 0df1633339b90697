// Unpacks the Chromium of the npm package @sparticuz/chromium, with the libraries and the fonts
// that a bare machine lacks, into a directory:  node unpack_chromium.mjs DIRECTORY

import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const source = join(import.meta.dirname, "node_modules", "@sparticuz", "chromium", "bin");
const target = resolve(process.argv[2]);

async function unpack(packed, file, mode) {
  const from = createReadStream(join(source, packed));
  await pipeline(from, createBrotliDecompress(), createWriteStream(join(target, file), { mode }));
}

mkdirSync(target, { recursive: true });
for (const name of ["al2023", "fonts"]) {
  await unpack(`${name}.tar.br`, `${name}.tar`, 0o644);
  execFileSync("tar", ["-xf", join(target, `${name}.tar`), "--no-same-owner", "-C", target]);
  rmSync(join(target, `${name}.tar`));
}
// The one that comes along names the directories of another machine.
const fonts = [join(target, "fonts"), "/usr/share/fonts"].map((place) => `<dir>${place}</dir>`);
const cache = `<cachedir>${join(target, "cache")}</cachedir>`;
writeFileSync(join(target, "fonts.conf"), `<fontconfig>${fonts.join("")}${cache}</fontconfig>\n`);
// Last, because who finds it takes all of it to be there.
await unpack("chromium.br", "chromium", 0o755);
