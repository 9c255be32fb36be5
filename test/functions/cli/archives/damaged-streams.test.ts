import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { RunMerge } from '../../../../shared/restore/convert/run-merge.ts'
import { encodeFrame } from '../../../../shared/specstar/stream-frame.ts'
import { memorySource } from '../../../archive/memory.ts'
import { buildStream } from '../../../specstar/build-stream.ts'
import { cli, jsonLines } from '../cli-run.ts'

/** SpecStar assigns such an id as the XXH3-128 of the bytes. The bytes of the tests have other hashes. */
const WRONG_ID = '0'.repeat(32)

const PAYLOAD = JSON.stringify({ flag: { file_id: WRONG_ID }, map: { file_id: 'blob 0' } })

const blobFrame = (file_id: string, bytes: Buffer): Buffer =>
  encodeFrame({ t: 'BlobRecord', file_id, blob_data: bytes, size: BigInt(bytes.length), content_type: '' })

let folder: string
let count = 0
const newPath = (): string => join(folder, `${(count += 1)}`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-damaged-streams-'))
})

afterAll(() => rm(folder, { recursive: true }))

/** Writes a stream with a resource, a sound blob, and a blob whose file id is wrong. */
const damagedStream = async (): Promise<string> => {
  const path = newPath()
  const city = {
    resources: [{ id: 'a', revisions: { 'a:1': PAYLOAD } }],
    records: [blobFrame(WRONG_ID, Buffer.from('damaged'))],
    blobs: [Buffer.from('sound')],
  }
  await writeFile(path, buildStream({ city }))
  return path
}

/** Writes the same stream without the wrong blob. */
const soundStream = async (): Promise<string> => {
  const path = newPath()
  const city = {
    resources: [{ id: 'a', revisions: { 'a:1': PAYLOAD } }],
    blobs: [Buffer.from('sound')],
  }
  await writeFile(path, buildStream({ city }))
  return path
}

const FAULT = /record \d+ at byte \d+.*: expected xxh3_128 0{32}, found [0-9a-f]{32}/

describe('a stream with a damaged blob', () => {
  it('is extracted without the blob, which is reported', async () => {
    const stream = await damagedStream()
    for (const resources of [[], ['city/a']]) {
      const target = newPath()
      const { code, stdout } = await cli(['extract', stream, ...resources, '-o', target, '--json'])
      expect(code).toBe(3)
      expect(jsonLines(stdout)).toMatchObject([{ resources: 1, blobs: 1, faults_total: 1 }])
      const faults = await readFile(join(target, 'faults.txt'), 'utf8')
      expect(faults).toMatch(FAULT)
      expect(faults.startsWith(`blob ${WRONG_ID}: `)).toBe(true)
      expect(await readdir(join(target, 'blobs'))).toEqual(['blob%200'])
    }
  })

  it('is compared without the blob, whose fault is reported', async () => {
    const [damaged, sound] = [await damagedStream(), await soundStream()]
    for (const [archives, name] of [
      [[sound, damaged], 'new'],
      [[damaged, sound], 'old'],
    ] as const) {
      const { code, stdout, stderr } = await cli(['diff', ...archives])
      expect({ code, stdout }).toEqual({
        code: 3,
        stdout: '0 new resources, 0 changed, 0 missing\n0 new blobs, 0 changed, 0 missing\n',
      })
      expect(stderr).toMatch(FAULT)
      expect(stderr).toContain(`blob ${WRONG_ID} of the ${name} archive cannot be read: `)
    }
    const { stdout, stderr } = await cli(['diff', sound, damaged, '--json'])
    expect(jsonLines(stderr)).toMatchObject([{ fault: { archive: 'new', file_id: WRONG_ID } }])
    expect(jsonLines(stdout)).toMatchObject([{ summary: { faults: 1 } }])
  })

  it('is named as the reason why cat cannot print the blob', async () => {
    const { code, stdout, stderr } = await cli(['cat', await damagedStream(), '--blob', WRONG_ID])
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toMatch(FAULT)
  })

  it('is extracted without a blob that occurs twice with different bytes', async () => {
    const path = newPath()
    const records = [blobFrame('plan', Buffer.from('1')), blobFrame('plan', Buffer.from('2'))]
    await writeFile(path, buildStream({ city: { records } }))
    const { code, stdout } = await cli(['extract', path, '-o', newPath()])
    expect(code).toBe(3)
    expect(stdout).toContain('blob "plan" occurs twice with different bytes')
  })
})

describe('a stream with many damaged blobs', () => {
  it('is read without holding the faults of all blobs in memory', async () => {
    const wrongId = (k: number) => k.toString(16).padStart(32, '0')
    const records = Array.from({ length: 100 }, (_, k) => blobFrame(wrongId(k), Buffer.from(`damaged ${k}`)))
    const contents = await openContents(memorySource(buildStream({ city: { records, blobs: [Buffer.from('sound')] } })))
    const advance = vi.spyOn(RunMerge.prototype, 'advance')
    let faults = 0
    for await (const { fault } of contents.blobs()) {
      if (fault !== undefined) faults += 1
      // At most the next blob has been read, and the sound one.
      expect(advance.mock.calls.length).toBeLessThanOrEqual(faults + 2)
    }
    expect(faults).toBe(100)
    await contents.close()
  })
})

describe('one resource of a stream', () => {
  it('is extracted with an archive.json that describes the whole archive', async () => {
    const resources = ['a', 'b'].map((id) => ({ id, revisions: { [`${id}:1`]: '{}' } }))
    const path = newPath()
    await writeFile(path, buildStream({ city: { resources }, land: { resources } }))
    const target = newPath()
    expect(await cli(['extract', path, 'city/a', '-o', target])).toMatchObject({ code: 0 })
    const { models } = JSON.parse(await readFile(join(target, 'archive.json'), 'utf8')) as { models: object }
    const counts = { resources: 2, revisions: 2 }
    expect(models).toEqual({ city: counts, land: counts })
    expect(await readdir(join(target, 'models'))).toEqual(['city'])
  })
})
