// Writes .br and .gz beside every built file that shrinks, so that the server sends them without computing anything.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const SMALLEST = 1024;
const COMPRESSIBLE = /\.(css|html|js|json|mjs|svg|txt|wasm)$/;
const folder = fileURLToPath(new URL("dist/", import.meta.url));

let before = 0;
let after = 0;
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name);
  if (!COMPRESSIBLE.test(path) || !statSync(path).isFile()) continue;
  const content = readFileSync(path);
  if (content.length < SMALLEST) continue;
  const brotli = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  const gzip = gzipSync(content, { level: 9 });
  if (brotli.length < content.length * 0.95) writeFileSync(`${path}.br`, brotli);
  if (gzip.length < content.length * 0.95) writeFileSync(`${path}.gz`, gzip);
  before += content.length;
  after += Math.min(content.length, brotli.length);
}
process.stdout.write(`compressed ${(before / 1e6).toFixed(1)} MB to ${(after / 1e6).toFixed(1)} MB\n`);
