// Builds the page: TypeScript and styles in, a few files without a hash of the machine out.
//
//   node build.mjs [FOLDER]      default: ../src/hiq/web/bundle
//
// The names carry a hash of their content, so that an update never meets an old cache.
// It fails when the page gets heavier than what a phone on a slow network should load.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import path from "node:path";
import { build } from "esbuild";

const HEAVIEST = 120 * 1024; // bytes, compressed, all files together

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(process.argv[2] ?? path.join(here, "../src/hiq/web/bundle"));

const made = await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.ts", style: "src/page.css" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  outdir: target,
  write: false,
});

const names = new Map();
const files = made.outputFiles.map((file) => {
  const { name, ext } = path.parse(file.path);
  const hash = createHash("sha256").update(file.contents).digest("hex").slice(0, 10);
  names.set(name, `${name}-${hash}${ext}`);
  return [`${name}-${hash}${ext}`, Buffer.from(file.contents)];
});
const template = await readFile(path.join(here, "src/index.html"), "utf8");
const html = template.replace(/%(page|style)%/g, (_, name) => `static/${names.get(name)}`);
files.push(["index.html", Buffer.from(html)]);
files.push(["licences.txt", await licences(["uplot"])]);

const weight = files.reduce((sum, [, content]) => sum + gzipSync(content).length, 0);
if (weight > HEAVIEST) {
  console.error(`the page weighs ${weight} bytes compressed, ${HEAVIEST} are allowed`);
  process.exit(1);
}
await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
for (const [name, content] of files) await writeFile(path.join(target, name), content);
console.log(`${files.length} files, ${weight} bytes compressed: ${target}`);

// What is bundled keeps its licence beside it.
async function licences(packages) {
  const texts = packages.map(async (name) => {
    const folder = path.join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const text = await readFile(path.join(folder, "LICENSE"), "utf8");
    return `${name} ${version}\n\n${text}`;
  });
  return Buffer.from((await Promise.all(texts)).join("\n"));
}
