import { buildSync, type Metafile } from 'esbuild'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WriteBundle } from '../function-code.ts'
import type { FunctionSpec } from '../../functions/function-spec.ts'
import { buildPage } from '../../functions/page/build-page.ts'
import { BUILT_PAGE_FILE } from '../../functions/page/built-page.ts'
import { FUNCTIONS } from '../functions.ts'
import type { Bundles } from '../packed-bundles.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Defines the function `require`. Parts of the AWS SDK call it, but ES modules do not have this function. */
export const REQUIRE_BANNER =
  "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"

/**
 * Sources of credentials that a function never uses, because Lambda sets the credentials as environment variables. The
 * SDK imports these packages only if the variables are absent. A bundle with them would have 90 KB more, which takes
 * about 10 ms of each cold start.
 */
const UNUSED_CREDENTIALS = ['sso', 'ini', 'process', 'web-identity'].map(
  (name) => `@aws-sdk/credential-provider-${name}`,
)

/**
 * The output folder, which is never created. The paths in source maps are relative to it, so that the bundles do not
 * depend on the location of the project.
 */
const OUT_FOLDER = join(ROOT, '.bundles')

/**
 * Bundles functions from the source files of this project. By default, bundles all functions. Returns also the files
 * that the bundles contain.
 */
export const bundleFunctions = (
  functions: readonly Pick<FunctionSpec, 'file' | 'servesPage'>[] = FUNCTIONS,
): { readonly bundles: Bundles; readonly inputs: Metafile['inputs'] } => {
  const { outputFiles, metafile } = buildSync({
    entryPoints: functions.map(({ file }) => ({ in: join(ROOT, 'functions', file), out: join(file, 'index') })),
    outdir: OUT_FOLDER,
    write: false,
    metafile: true,
    absWorkingDir: ROOT,
    preserveSymlinks: true,
    bundle: true,
    external: UNUSED_CREDENTIALS,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    banner: { js: REQUIRE_BANNER },
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  })
  const bundles: Record<string, Record<string, string>> = {}
  for (const { path, text } of outputFiles) {
    const bundle = (bundles[relative(OUT_FOLDER, dirname(path))] ??= {})
    bundle[basename(path)] = text
  }
  const { page, inputs } = buildPage()
  for (const { file, servesPage } of functions)
    if (servesPage === true) bundles[file] = { ...bundles[file], [BUILT_PAGE_FILE]: JSON.stringify(page) }
  return { bundles, inputs: { ...metafile.inputs, ...inputs } }
}

/** The bundles of all functions, created by the first call. A call of esbuild for each function takes a minute. */
let bundles: Bundles | undefined

/** Writes the bundle of a function, made from the source files of this project. */
export const writeSourceBundle: WriteBundle = (file, folder) => {
  bundles ??= bundleFunctions().bundles
  for (const [name, text] of Object.entries(bundles[file] ?? {})) writeFileSync(join(folder, name), text)
}
