import '../../functions/cli/check-node.ts'
import { type BuildOptions, buildSync } from 'esbuild'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import { packBundles } from '../packed-bundles.ts'
import { apiTypes } from './api-types.ts'
import { declarationsOf } from './declarations.ts'
import { bundleFunctions, REQUIRE_BANNER } from './source-bundles.ts'
import { thirdPartyLicences } from './third-party-licences.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ENTRY = 'infra/index.ts'
const COMMAND = 'functions/cli/specstar-backup.ts'

/**
 * `npm run build`: writes the package to `dist/`.
 *
 * - `index.js`: the construct `SpecStarBackup`, with everything that it imports except CDK.
 * - `types/`: its declarations, and in `api.d.ts` the types of the HTTP API.
 * - `cli.js`: the command `specstar-backup`, with everything that it imports.
 * - `bundles.json.br`: the code of the functions.
 * - `THIRD-PARTY-LICENCES.txt`: the licences of the packages whose code these files contain.
 */
const build = async (): Promise<void> => {
  const dist = join(ROOT, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(dist, path)), { recursive: true })
    writeFileSync(join(dist, path), content)
  }
  const common = {
    metafile: true,
    absWorkingDir: ROOT,
    preserveSymlinks: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // The oldest version in `engines` of package.json. It can also load ES modules with `require`.
    target: 'node20',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
  } satisfies BuildOptions & { readonly metafile: true }
  const construct = buildSync({
    ...common,
    entryPoints: [ENTRY],
    outfile: join(dist, 'index.js'),
    external: ['aws-cdk-lib', 'constructs'],
  })
  const command = buildSync({
    ...common,
    entryPoints: [COMMAND],
    outfile: join(dist, 'cli.js'),
    banner: { js: `#!/usr/bin/env node\n${REQUIRE_BANNER}` },
    minify: true,
  })
  for (const [path, text] of declarationsOf(ENTRY)) write(join('types', path), text)
  write('types/api.d.ts', await format(apiTypes(), { parser: 'typescript', printWidth: 120 }))
  const { bundles, inputs } = bundleFunctions()
  write('bundles.json.br', packBundles(bundles))
  const files = [construct.metafile.inputs, command.metafile.inputs, inputs].flatMap((part) => Object.keys(part))
  write('THIRD-PARTY-LICENCES.txt', thirdPartyLicences(files))
}

await build()
