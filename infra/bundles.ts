import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FUNCTIONS } from './function-catalogue.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Bundles of ESM have no `require`, which some of the SDK's parts call. */
const BANNER = "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);"

/** Where the bundles would lie: source maps name their sources from here, so that a bundle is the same on every machine. */
const PLACE = join(ROOT, '.bundles')

/** The code of a function: its file of `functions/` with all that this needs, as `index.mjs`. */
export const codeOf = (file: string): Code =>
  Code.fromAsset(join(ROOT, 'functions'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: { image: DockerImage.fromRegistry('unused'), local: new Bundle(file) },
  })

/** The library tells bundlings apart by their members. */
class Bundle implements ILocalBundling {
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  tryBundle(folder: string): boolean {
    bundles ??= bundleAll()
    for (const { path, contents } of bundles)
      if (dirname(path) === join(PLACE, this.file)) writeFileSync(join(folder, basename(path)), contents)
    return true
  }
}

/** All of them at once, as the first is asked for: one by one they would take a minute. */
let bundles: ReturnType<typeof bundleAll> | undefined

const bundleAll = (): { readonly path: string; readonly contents: Uint8Array }[] =>
  buildSync({
    entryPoints: FUNCTIONS.map(({ file }) => ({ in: join(ROOT, 'functions', file), out: join(file, 'index') })),
    outdir: PLACE,
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
