import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { pythonWithSpecStar } from '../python/packages.ts'
import { TestProgram } from '../workflows/program.ts'

const run = promisify(execFile)
const file = (name: string): string => fileURLToPath(new URL(`../fixtures/specstar/${name}`, import.meta.url))
const script = fileURLToPath(new URL('compare.py', import.meta.url))

const Comparison = z.object({
  compared: z.int(),
  different: z.array(z.string()),
  loaded: z.tuple([z.record(z.string(), z.int()), z.record(z.string(), z.int())]),
})

let test: TestProgram
let dir: string
let python: string
beforeAll(async () => {
  python = await pythonWithSpecStar()
  dir = await mkdtemp(join(tmpdir(), 'specstar-real-'))
  test = await TestProgram.start()
}, 600_000)
afterAll(async () => {
  await test.stop()
  await rm(dir, { recursive: true, force: true })
})

describe('the real SpecStar', () => {
  it.each([
    ['catalogue.acbak', ['character', 'guild', 'item'], 500],
    ['catalogue-msgpack.acbak', ['character', 'guild', 'item'], 300],
    ['character.acbak', ['character'], 200],
    ['character-active.acbak', ['character'], 200],
    ['character-qb.acbak', ['character'], 40],
    ['character-qb-all.acbak', ['character'], 150],
    ['character-qb-deleted.acbak', ['character'], 30],
    ['guild.acbak', ['guild'], 50],
    ['edge.acbak', ['doc', 'memo'], 15],
  ])('loads the same content from our export as from %s, which we restored before', async (name, models, minimum) => {
    const { bucket, key } = await upload(name)
    const restored = await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { bucket, key } })
    expect(restored).toMatchObject({ status: 200, body: { status: 'succeeded' } })
    const path = `/_backup/export?format=specstar&wait=25&models=${models.join(',')}`
    const { archive } = z
      .object({ archive: z.object({ bucket: z.string(), key: z.string() }) })
      .parse((await test.requestAndWait('GET', path)).body)
    const ours = join(dir, name)
    await writeFile(ours, await test.object(archive.key, archive.bucket))
    const { stdout } = await run(python, [script, file(name), ours])
    const { compared, different, loaded } = Comparison.parse(JSON.parse(stdout))
    expect(different).toEqual([])
    expect(loaded[1]).toEqual(loaded[0])
    expect(compared).toBeGreaterThan(minimum)
    await test.wipe()
  })
})

const upload = async (name: string): Promise<{ bucket: string; key: string }> => {
  const { objects, config } = test.program.services
  return objects.put(config.buckets.archives, `given/${name}`, await readFile(file(name)))
}
