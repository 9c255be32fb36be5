import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FUNCTIONS } from './functions.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** ES modules have no `require`, which parts of the AWS SDK call. */
const BANNER = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"

/** Paths in source maps are relative to this folder, so that bundles are the same everywhere. It is never created. */
const OUT_FOLDER = join(ROOT, '.bundles')

/** A file of `functions/` with everything that it imports, as the file `index.mjs`. */
export const bundledCode = (file: string): Code =>
  Code.fromAsset(join(ROOT, 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: { image: DockerImage.fromRegistry('unused'), local: new Bundle(file) },
  })

/** CDK caches bundles by the members of this object, so `file` must be a public member. */
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

/** The first request bundles all functions at once: one by one takes a minute. */
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
