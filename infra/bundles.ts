import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FUNCTIONS } from './functions.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Defines the function `require`. Parts of the AWS SDK call it, but ES modules do not have this function. */
const BANNER = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"

/**
 * The output folder, which is never created. The paths in source maps are relative to it, so that the bundles do not
 * depend on the location of the project.
 */
const OUT_FOLDER = join(ROOT, '.bundles')

/**
 * Returns the code of a function. It consists of one file `index.mjs`, which contains the file of `functions/` and
 * everything that the file imports.
 */
export const bundledCode = (file: string): Code =>
  Code.fromAsset(join(ROOT, 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: { image: DockerImage.fromRegistry('unused'), local: new Bundle(file) },
  })

/** Writes the bundle of one file. CDK caches bundles by the public members of this object, so `file` must be public. */
class Bundle implements ILocalBundling {
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  tryBundle(folder: string): boolean {
    bundles ??= bundleAll()
    for (const { path, contents } of bundles)
      if (dirname(path) === join(OUT_FOLDER, this.file)) writeFileSync(join(folder, basename(path)), contents)
    return true
  }
}

/** The bundles of all functions, created by the first call of `tryBundle`. Separate calls of esbuild take a minute. */
let bundles: ReturnType<typeof bundleAll> | undefined

const bundleAll = (): { readonly path: string; readonly contents: Uint8Array }[] =>
  buildSync({
    entryPoints: FUNCTIONS.map(({ file }) => ({ in: join(ROOT, 'functions', file), out: join(file, 'index') })),
    outdir: OUT_FOLDER,
    write: false,
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
  }).outputFiles
