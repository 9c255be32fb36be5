import { buildSync } from 'esbuild'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WriteBundle } from '../function-code.ts'
import { FUNCTIONS } from '../functions.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Defines the function `require`. Parts of the AWS SDK call it, but ES modules do not have this function. */
const BANNER = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"

/**
 * The output folder, which is never created. The paths in source maps are relative to it, so that the bundles do not
 * depend on the location of the project.
 */
const OUT_FOLDER = join(ROOT, '.bundles')

/** Writes the bundle of a function, made from the source files of this project. */
export const writeSourceBundle: WriteBundle = (file, folder) => {
  bundles ??= bundleAll()
  for (const { path, contents } of bundles.outputFiles)
    if (dirname(path) === join(OUT_FOLDER, file)) writeFileSync(join(folder, basename(path)), contents)
}

/** The bundles of all functions, created by the first call. Separate calls of esbuild take a minute. */
let bundles: ReturnType<typeof bundleAll> | undefined

const bundleAll = () =>
  buildSync({
    entryPoints: FUNCTIONS.map(({ file }) => ({ in: join(ROOT, 'functions', file), out: join(file, 'index') })),
    outdir: OUT_FOLDER,
    write: false,
    metafile: true,
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    banner: { js: BANNER },
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  })
