import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { openArchive } from '../../shared/archive/open.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { memorySource } from '../archive/memory.ts'
import { buildStream } from '../specstar/build-stream.ts'
import { TestProgram } from './program.ts'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'

/** Registries that differ only in the paths at which the payloads of model `doc` refer to blobs. */
const REGISTRIES = {
  guess: { doc: {} },
  none: { doc: { blobs: [] } },
  paths: { doc: { blobs: ['file', 'pages[].scan'] } },
}
type Registry = keyof typeof REGISTRIES

/**
 * `photo` has the shape of a reference to a blob but is no reference. `file` is a reference but does not have that
 * shape. `scan` is a reference and has that shape.
 */
const PAYLOAD = {
  photo: { file_id: 'elsewhere', size: 5 },
  file: { file_id: 'file', caption: 'the file' },
  pages: [{ scan: { file_id: 'scan', size: 4 } }, { scan: null }],
}

let folder: string
let test: TestProgram
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-models-'))
  for (const [name, models] of Object.entries(REGISTRIES))
    await writeFile(join(folder, `${name}.json`), JSON.stringify(models))
  test = await TestProgram.start({ env: { MODELS_FILE: join(folder, 'guess.json') } })
  for (const registry of ['guess', 'none', 'paths'] as const) archives[registry] = await exportStore(registry)
})
afterEach(() => test.wipe())
afterAll(async () => {
  await test.stop()
  await rm(folder, { recursive: true, force: true })
})

const deploy = (registry: Registry): Promise<Services> => test.deployModels(join(folder, `${registry}.json`))

/** Replaces the model registry, and writes the resource and its blobs to the store. */
const deployAndFill = async (registry: Registry): Promise<void> => {
  const { models } = await deploy(registry)
  await writeToStore(
    test,
    combine(
      buildResource(models, { model: 'doc', id: 'd', payloads: [PAYLOAD] }),
      buildBlobs({ file: Buffer.from('file'), scan: Buffer.from('scan') }),
    ),
  )
}

const Exported = z.object({ url: z.string() })

/** The archives of the same store, exported under each registry. */
const archives: Record<Registry, Buffer> = { guess: Buffer.alloc(0), none: Buffer.alloc(0), paths: Buffer.alloc(0) }

const exportStore = async (registry: Registry): Promise<Buffer> => {
  await deployAndFill(registry)
  const { body } = await test.requestAndWait('GET', '/doc/export?strict=false&wait=25')
  const { url } = Exported.parse(body)
  await test.wipe()
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

const HINT: unknown = expect.stringMatching(/"blobs" of the model in models\.json .*MODELS_FILE/)

describe('a map that only looks like a reference to a blob', () => {
  it('makes an export fail with an error that says how to register the paths of blobs', async () => {
    await deployAndFill('guess')
    expect(await test.requestAndWait('GET', '/doc/export?wait=25')).toMatchObject({
      status: 409,
      body: { type: 'blobs-missing', detail: HINT, missing_blobs: { count: 1, ids: ['elsewhere'] } },
    })
    expect(await test.requestAndWait('GET', '/doc/export?strict=false&wait=25')).toMatchObject({
      body: { status: 'partial', missing_blobs: { count: 1, ids: ['elsewhere'], hint: HINT } },
    })
  })

  it.each([
    ['has no blobs', 'none', 0],
    ['has blobs at other paths', 'paths', 2],
  ] as const)('does not count if the registry states that the model %s', async (_what, registry, blobs) => {
    await deployAndFill(registry)
    const exported = await test.requestAndWait('GET', '/doc/export?wait=25')
    expect(exported).toMatchObject({
      status: 200,
      body: { status: 'succeeded', complete: true, missing_blobs: { count: 0 }, models: { doc: { blobs } } },
    })
    expect(exported.body).not.toHaveProperty('missing_blobs.hint')
  })

  it.each([
    ['guess', { status: 'partial', missing_blobs: { count: 1, ids: ['elsewhere'], hint: HINT } }],
    ['none', { status: 'succeeded', missing_blobs: { count: 0 } }],
  ] as const)('in a stream of SpecStar depends on the registry of the restore (%s)', async (registry, body) => {
    await deploy(registry)
    const payload = JSON.stringify({ photo: PAYLOAD.photo })
    const stream = buildStream({ doc: { resources: [{ id: 'd', revisions: { 'd:1': payload } }] } })
    const restored = await test.requestAndWait('POST', '/doc/import?wait=25', stream)
    expect(restored).toMatchObject({ status: 200, body: { ...body, verification: { passed: true } } })
  })
})

describe('the manifest of an archive', () => {
  it.each([
    ['guess', undefined],
    ['none', []],
    ['paths', ['file', 'pages[].scan']],
  ] as const)('states where blobs are as the registry does (%s)', async (registry, paths) => {
    const { manifest } = await openArchive(memorySource(archives[registry]))
    expect(manifest.models['doc']?.blob_paths).toEqual(paths)
    expect(Object.hasOwn(manifest.models['doc'] ?? {}, 'blob_paths')).toBe(paths !== undefined)
  })
})

describe('an archive that was exported under one registry', () => {
  it.each([
    // The archive contains `scan`, and lists `elsewhere` as missing.
    ['guess', 'guess', ['elsewhere'], ['scan']],
    ['guess', 'none', [], ['scan']],
    ['guess', 'paths', ['file'], ['scan']],
    // The archive contains no blobs.
    ['none', 'guess', [], []],
    ['none', 'none', [], []],
    ['none', 'paths', ['file', 'scan'], []],
    // The archive contains `file` and `scan`.
    ['paths', 'guess', [], ['file', 'scan']],
    ['paths', 'none', [], ['file', 'scan']],
    ['paths', 'paths', [], ['file', 'scan']],
  ] as const)(
    '(%s) restores under another one (%s), which decides what is missing',
    async (from, to, missing, blobs) => {
      const bytes = archives[from]
      await deploy(to)
      const dryRun = await test.requestAndWait('POST', '/doc/import?wait=25&dry_run=true', bytes)
      expect(dryRun).toMatchObject({
        status: 200,
        body: { models: { doc: { new: 1 } }, blobs: { new: blobs.length } },
      })
      const restored = await test.requestAndWait('POST', '/doc/import?wait=25', bytes)
      expect(restored).toMatchObject({
        status: 200,
        body: {
          status: missing.length === 0 ? 'succeeded' : 'partial',
          missing_blobs: { count: missing.length },
          verification: { passed: true },
        },
      })
      const { missing_blobs } = z.object({ missing_blobs: z.object({ ids: z.array(z.string()) }) }).parse(restored.body)
      expect(missing_blobs.ids.toSorted()).toEqual(missing)
      expect([...(await test.contents()).objects.keys()].sort()).toEqual(blobs.map((id) => `blobs/${id}`))
    },
  )
})
