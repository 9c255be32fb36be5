import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import * as z from 'zod'
import type { WriteBundle } from './function-code.ts'

/** From a function's file in `functions/` to the names and texts of the files of its bundle. */
const Bundles = z.record(z.string(), z.record(z.string(), z.string()))
export type Bundles = Readonly<Record<string, Readonly<Record<string, string>>>>

/** The bundles of all functions. `npm run build` creates the file. */
const BUNDLES_FILE = new URL('../dist/bundles.json.br', import.meta.url)

/**
 * Compresses the bundles. They have about 140 MB together, but most of their code is the same. Brotli's window of 16 MB
 * contains several bundles, so the result is 30 times smaller. One compressed file for each bundle would be 8 times
 * larger.
 */
export const packBundles = (bundles: Bundles): Buffer =>
  brotliCompressSync(JSON.stringify(bundles), {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      // Higher qualities need more than 20 seconds.
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    },
  })

let unpacked: Bundles | undefined

/** Writes a bundle that this package contains. */
export const writePackedBundle: WriteBundle = (file, folder) => {
  unpacked ??= Bundles.parse(JSON.parse(brotliDecompressSync(readFileSync(BUNDLES_FILE)).toString()))
  const bundle = unpacked[file]
  if (bundle === undefined) throw new Error(`the package contains no bundle of the function ${file}`)
  for (const [name, text] of Object.entries(bundle)) writeFileSync(join(folder, name), text)
}
