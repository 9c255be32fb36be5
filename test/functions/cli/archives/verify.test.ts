import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyArchive } from '../../../../functions/cli/archives/verify/verify-archive.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { must } from '../../../../shared/values/must.ts'
import { memorySource } from '../../../archive/memory.ts'
import { writeArchive } from '../../../archive/sample.ts'
import { buildStream } from '../../../specstar/build-stream.ts'
import { cli, jsonLines } from '../cli-run.ts'
import { startRangeServer } from './range-server.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
const CATALOGUE = fixture('acbak/catalogue-v3.acbak')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-verify-'))
})

afterAll(() => rm(folder, { recursive: true }))

const saved = async (name: string, bytes: Buffer): Promise<string> => {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

const verify = (bytes: Buffer) => verifyArchive(memorySource(bytes))

describe('specstar-backup verify', () => {
  it('prints what it has checked of a sound archive', async () => {
    const { code, stdout, stderr } = await cli(['verify', CATALOGUE])
    expect(code).toBe(0)
    expect(stdout).toBe(
      [
        `archive   ${CATALOGUE}`,
        'size      1.29 MiB',
        'complete  yes',
        'blobs     84 (736 KiB)',
        '',
        'MODEL      RESOURCES  REVISIONS  BLOBS',
        'character         47        138     48',
        'guild             12         39     10',
        'item              63        139     29',
        '',
        'CHECK     RESULT  FINDINGS',
        'bytes     passed         0',
        'records   passed         0',
        'manifest  passed         0',
        'blobs     passed         0',
        '',
        'Passed: every byte and every record is sound',
        '',
      ].join('\n'),
    )
    expect(stderr).toMatch(/^Read \S+ MiB of 1\.29 MiB with \d+ requests\. Some parts were read more than once\.\n$/)
  })

  it.each(['acbak/repacked-v3.tar', 'acbak/empty-v3.acbak', 'acbak/single-v3.acbak'])('accepts %s', async (name) => {
    expect(await cli(['verify', fixture(name)])).toMatchObject({ code: 0 })
  })

  it.each([
    'catalogue.acbak',
    'catalogue-msgpack.acbak',
    'edge.acbak',
    'autocrud-0.4.6.acbak',
    'character-qb-deleted.acbak',
    'broken/good.acbak',
  ])('accepts the stream %s', async (name) => {
    const { code, stdout } = await cli(['verify', fixture(`specstar/${name}`)])
    expect(stdout).toContain('Passed: every record is valid, and every payload and blob matches its hash')
    expect(code).toBe(0)
  })

  it('accepts a stream whose blobs are missing, but says that it is not complete', async () => {
    const { code, stdout } = await cli(['verify', fixture('specstar/broken/without-blobs.acbak'), '--json'])
    expect(code).toBe(0)
    expect(jsonLines(stdout)).toMatchObject([{ passed: true, complete: false }])
    expect(Object.keys(jsonLines(stdout)[0] as object).at(-1)).toBe('read')
    const { missing_blobs } = jsonLines(stdout)[0] as { missing_blobs: number }
    const text = await cli(['verify', fixture('specstar/broken/without-blobs.acbak')])
    expect(missing_blobs).toBeGreaterThan(0)
    expect(text.stdout).toMatch(
      new RegExp(
        `^Passed: every record is valid, .* hash\\. The archive is not complete: ${missing_blobs} blobs? missing$`,
        'm',
      ),
    )
  })

  it('rejects every other broken stream with exit code 4', async () => {
    const accepted: string[] = []
    const names = (await readdir(fixture('specstar/broken'))).filter((name) => name.endsWith('.acbak'))
    for (const name of names) {
      const { code } = await cli(['verify', fixture(`specstar/broken/${name}`)])
      if (code !== 4) accepted.push(`${name}: ${code}`)
    }
    expect(accepted).toEqual([
      'good.acbak: 0',
      // Whether a model is registered is known only to a deployment.
      'unknown-model.acbak: 0',
      'without-blobs.acbak: 0',
    ])
  })

  it('prints the damaged entry with its offset, and exits with 4', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const start = (segments[0]?.offset ?? 0) + 512
    bytes[start + 3] = (bytes[start + 3] ?? 0) ^ 1
    const { code, stdout } = await cli(['verify', await saved('damaged.acbak', bytes)])
    expect(code).toBe(4)
    expect(stdout).toMatch(
      new RegExp(
        `Findings:\n {2}bytes {2}entry models/character/\\S+ is corrupt: expected sha256 \\w+, found \\w+ \\(at byte ${start} of the archive\\)\n`,
      ),
    )
    expect(stdout).toMatch(/^bytes +failed +1$/m)
    // The damaged records refer to blobs, so these checks have not passed, although they have found nothing.
    for (const check of ['records', 'manifest', 'blobs'])
      expect(stdout).toMatch(new RegExp(`^${check} +not finished +0$`, 'm'))
    // The counts are only those of the checked part.
    expect(stdout).toMatch(/^MODEL +RESOURCES CHECKED +REVISIONS CHECKED$/m)
    expect(stdout).not.toMatch(/^complete|^blobs +\d/m)
    const blob = (segments.at(-1)?.offset ?? 0) + 512
    bytes[blob] = (bytes[blob] ?? 0) ^ 1
    const json = await cli(['verify', await saved('damaged-blob.acbak', bytes), '--json'])
    expect(Object.keys(jsonLines(json.stdout)[0] as object)).not.toContain('blobs')
    expect(Object.keys(jsonLines(json.stdout)[0] as object)).not.toContain('models')
    expect(jsonLines(json.stdout)[0]).toMatchObject({
      passed: false,
      checked_models: { guild: { resources: 12, revisions: 39 } },
      checks: { blobs: { passed: false, finished: false, findings_total: 0 } },
    })
    expect((await cli(['verify', join(folder, 'damaged-blob.acbak')])).stdout).not.toMatch(/^complete|^blobs +\d/m)
    expect(stdout).toContain('Failed: the archive is damaged\n')
  })

  it('counts all records of an archive with a damaged spilled payload, but no blobs', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const [segment] = segments.filter(({ model }) => model === undefined)
    const at = (segment?.offset ?? 0) + 512
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const path = await saved('damaged-payload.acbak', bytes)
    const { stdout } = await cli(['verify', path])
    expect(stdout).toMatch(/^bytes +failed +1$/m)
    expect(stdout).toMatch(/^records +failed +2$/m)
    for (const check of ['manifest', 'blobs']) expect(stdout).toMatch(new RegExp(`^${check} +not finished +0$`, 'm'))
    expect(stdout).toMatch(/^MODEL +RESOURCES +REVISIONS$/m)
    const [result] = jsonLines((await cli(['verify', path, '--json'])).stdout)
    expect(result).toMatchObject({ models: { guild: { resources: 12, revisions: 39 } } })
    expect(Object.keys(result as object)).not.toContain('checked_models')
    expect(JSON.stringify((result as { models: object }).models)).not.toContain('blobs')
  })

  it.each(['records', 'blobs'])('states that not every byte was checked if an index of %s is damaged', async (kind) => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const { index } = must(segments.find(({ model }) => (model === undefined) === (kind === 'blobs')))
    bytes[index.offset] = must(bytes[index.offset]) ^ 1
    const path = await saved(`damaged-index-of-${kind}.acbak`, bytes)
    const [result] = jsonLines((await cli(['verify', path, '--json'])).stdout)
    expect(result).toMatchObject({ checks: { bytes: { passed: false, finished: false, findings_total: 1 } } })
    expect((await cli(['verify', path])).stdout).toContain(
      'The index of a segment is damaged, so the other bytes of this segment were not checked.',
    )
  })

  it('exits with 4 for a file that is no archive, and with 2 for a file that does not exist', async () => {
    const text = await cli(['verify', await saved('text.acbak', Buffer.from('hello'))])
    expect(text.code).toBe(4)
    expect(text.stdout).toContain('not an .acbak archive: the file is text; check whether this is the right file')
    expect(text.stdout).toContain('Failed: this is not an archive\n')
    const empty = await cli(['verify', await saved('empty.acbak', Buffer.alloc(0)), '--json'])
    expect(empty.code).toBe(4)
    expect(jsonLines(empty.stdout)).toMatchObject([{ passed: false, fault: 'not-an-archive' }])
    expect(empty.stdout).not.toMatch(/"(?:models|checked_models|blobs|missing_blobs|left_out)"/)
    const missing = join(folder, 'missing.acbak')
    const { code, stderr } = await cli(['verify', missing])
    expect(code).toBe(2)
    expect(stderr).toContain(`error: archive: ${JSON.stringify(missing)} does not exist`)
    expect(await cli(['verify', CATALOGUE, '--no-wait'])).toMatchObject({ code: 2 })
  })

  it('says that a truncated archive could not be checked, and states no counts', async () => {
    const bytes = (await readFile(CATALOGUE)).subarray(0, -1)
    const { code, stdout } = await cli(['verify', await saved('truncated.acbak', bytes)])
    expect(code).toBe(4)
    expect(stdout).not.toMatch(/^complete|^blobs|^MODEL/m)
    expect(stdout).toContain('Failed: the archive is truncated, so its content could not be checked\n')
  })

  it('reads an archive at a URL by range requests, and does not print its signature', async () => {
    const server = await startRangeServer(await readFile(CATALOGUE))
    try {
      const { code, stdout } = await cli(['verify', server.url, '--json'])
      expect(code).toBe(0)
      expect(stdout).not.toContain('secret')
      expect(jsonLines(stdout)).toMatchObject([{ archive: server.url.replace(/\?.*/, ''), passed: true }])
    } finally {
      await server.stop()
    }
  })

  it('exits with 2 if the server of a URL has no such file', async () => {
    const server = await startRangeServer(Buffer.from('x'), {
      intercept: (_request, response) => {
        response.writeHead(404).end()
        return true
      },
    })
    try {
      expect(await cli(['verify', server.url])).toMatchObject({ code: 2, stdout: '' })
    } finally {
      await server.stop()
    }
  })

  it('accepts resources that the manifest lists as left out, but says that the archive is not complete', async () => {
    const leftOut = { model: 'city', resource_id: 'x', key: { pk: 'city#m#0', sk: 'x' }, reason: 'no' }
    const bytes = await writeArchive({ models: { city: [] }, leftOut: [leftOut] })
    const { code, stdout } = await cli(['verify', await saved('left-out.acbak', bytes)])
    expect(code).toBe(0)
    expect(stdout).toContain('complete  no, 1 resource left out\n')
    expect(stdout).toContain('record is sound. The archive is not complete: 1 resource left out\n')
  })
})

describe('the verification of a stream', () => {
  const resource = (id: string, payload: string) => ({ id, revisions: { [`${id}:1`]: payload } })

  it('finds a torn resource, a repeated resource and revisions without metadata', async () => {
    const stream = buildStream({
      city: {
        resources: [
          { ...resource('torn', '{}'), currentRevisionId: 'torn:2' },
          resource('twice', '{}'),
          resource('twice', '{}'),
          { ...resource('headless', '{}'), withoutMetadata: true },
          resource('sound', '{}'),
        ],
      },
    })
    const { passed, checks, findings } = await verify(stream)
    expect({ passed, checks: checks.records }).toEqual({
      passed: false,
      checks: { passed: false, finished: true, findings_total: 3 },
    })
    const found = findings.map(({ resource_id, message }) => [resource_id, message.replace(/^.*?at byte \d+: /, '')])
    expect(Object.fromEntries(found)).toEqual({
      torn: 'the current revision "torn:2" is missing',
      twice: expect.stringMatching(/^the resource occurs twice, first at byte \d+$/) as string,
      headless: 'the stream contains no metadata of the resource of revision "headless:1"',
    })
  })

  it('finds any difference of the bytes of payloads and of blobs with a hash', async () => {
    const bytes = await readFile(fixture('specstar/broken/good.acbak'))
    const payload = bytes.indexOf('raw_data') + 'raw_data'.length + 3
    const blob = bytes.indexOf('blob_data') + 'blob_data'.length + 3
    const undetected: number[] = []
    for (const start of [payload, blob])
      for (let at = start; at < start + 40; at++) {
        const broken = Buffer.from(bytes)
        broken[at] = (broken[at] ?? 0) ^ 0x10
        if ((await verify(broken)).passed) undetected.push(at)
      }
    expect(undetected).toEqual([])
  })

  it('finds a truncation at any byte', async () => {
    const stream = buildStream({ city: { resources: [resource('a', '{"a":1}')], blobs: [Buffer.from('blob')] } })
    expect((await verify(stream)).passed).toBe(true)
    const undetected: number[] = []
    for (let length = 0; length < stream.length; length++)
      if ((await verify(stream.subarray(0, length))).passed) undetected.push(length)
    expect(undetected).toEqual([])
  })
})
