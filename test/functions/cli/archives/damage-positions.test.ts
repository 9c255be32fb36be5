import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { verifyArchive } from '../../../../functions/cli/archives/verify/verify-archive.ts'
import type { OpenArchive } from '../../../../shared/archive/archive.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { readIndex } from '../../../../shared/archive/segment-reader.ts'
import { must } from '../../../../shared/values/must.ts'
import { memorySource } from '../../../archive/memory.ts'
import { writeArchive } from '../../../archive/sample.ts'
import { entryBytes, filesOf } from '../../../archive/tar-blocks.ts'
import { cli, jsonLines } from '../cli-run.ts'
import { CATALOGUE, useExtractFolders } from './extract-folders.ts'

const folders = useExtractFolders()

const flipped = (bytes: Buffer, ...positions: readonly number[]): Buffer => {
  const damaged = Buffer.from(bytes)
  for (const at of positions) damaged[at] = must(damaged[at]) ^ 1
  return damaged
}

const offsetsIn = async (bytes: Buffer): Promise<readonly (number | undefined)[]> =>
  (await verifyArchive(memorySource(bytes))).findings.map(({ offset }) => offset)

/** Damages every third byte of an archive. Returns the bytes for which no finding names the byte or one before it. */
const unnamedBytes = async (bytes: Buffer, isUnprotected: (at: number) => boolean): Promise<readonly number[]> => {
  const unnamed: number[] = []
  for (let at = 0; at < bytes.length; at += 3) {
    if (isUnprotected(at)) continue
    const offsets = await offsetsIn(flipped(bytes, at))
    // The damage begins at the damaged byte or in front of it, but in the same entry.
    if (!offsets.some((offset) => offset !== undefined && offset <= at && offset > at - 2_048)) unnamed.push(at)
  }
  return unnamed
}

const catalogue = async (): Promise<{ bytes: Buffer; archive: OpenArchive }> => {
  const bytes = await readFile(CATALOGUE)
  return { bytes, archive: await openArchive(memorySource(bytes)) }
}

describe('the byte of damage', () => {
  const sample = (): Promise<Buffer> =>
    writeArchive({
      models: { city: [{ id: 'city:1', revisions: [{ n: 1, data: '{"a":1}' }] }] },
      blobs: { 'flag/1': Buffer.from('a blob') },
      leftOut: [{ model: 'city', resource_id: 'x', key: { pk: 'city#m#0', sk: 'x' }, reason: 'no' }],
    })

  it('is named for any damaged byte of an archive', async () => {
    expect(await unnamedBytes(await sample(), () => false)).toEqual([])
  })

  it('is named for any damaged byte of a repacked tar without trailer, except for its unprotected manifest', async () => {
    const files = [...filesOf(await sample())].filter(([name]) => name !== 'acbak.trailer')
    const bytes = Buffer.concat([...files.map(([name, content]) => entryBytes(name, content)), Buffer.alloc(3_072)])
    const start = bytes.indexOf('{"format"')
    const end = bytes.indexOf('\0', start)
    expect(await unnamedBytes(bytes, (at) => start <= at && at < end)).toEqual([])
  })

  it('is that of the index in a repacked tar, if an index is damaged', async () => {
    const files = [...filesOf(await sample())].filter(([name]) => name !== 'acbak.trailer')
    const bytes = Buffer.concat([...files.map(([name, content]) => entryBytes(name, content)), Buffer.alloc(3_072)])
    const index = must(filesOf(bytes).get('index/m-0.jsonl.zst'))
    const offset = bytes.indexOf(index)
    const { findings, fault } = await verifyArchive(memorySource(flipped(bytes, offset + 9)))
    expect({ findings, fault }).toEqual({
      fault: 'archive-invalid',
      findings: [
        {
          check: 'bytes',
          offset,
          message: expect.stringMatching(
            /^the archive is invalid: entry index\/m-0\.jsonl\.zst is damaged or belongs to another archive: /,
          ) as string,
        },
      ],
    })
  })

  it('is that of the padding of a pax header, and of an index whose tar header is damaged', async () => {
    const long = 'x'.repeat(150)
    const bytes = await writeArchive({ models: {}, blobs: { [long]: Buffer.from('a blob') } })
    const record = bytes.indexOf(' path=blobs/')
    const padding = 1_023
    expect(record).toBeLessThan(padding)
    expect(await offsetsIn(flipped(bytes, padding))).toEqual([padding])
    const { segments } = await openArchive(memorySource(bytes))
    const header = must(segments[0]).index.offset - 512
    const { findings } = await verifyArchive(memorySource(flipped(bytes, header + 5)))
    expect(findings).toEqual([
      {
        check: 'bytes',
        offset: header,
        message:
          'the archive is invalid: the tar header of the index of the segment that begins at byte 0 has a wrong checksum',
      },
    ])
  })

  it('is the start of the header, the trailer or the manifest, and the damaged byte of zeros', async () => {
    const { bytes, archive } = await catalogue()
    const tail = bytes.length - 2_048
    const manifest = bytes.indexOf('{"format"')
    const end = bytes.indexOf('\0', manifest)
    const size = end - manifest
    expect(size % 512).toBeGreaterThan(1)
    const segment = must(archive.segments[0])
    const entry = must((await readIndex(archive, segment))[0])
    const padding = segment.offset + entry.offset + entry.size
    for (const [damaged, named] of [
      [tail + 5, tail],
      [tail + 512 + 40, tail + 512],
      [tail + 512 + 150, tail + 512],
      [tail + 1_024 + 77, tail + 1_024 + 77],
      [bytes.length - 1, bytes.length - 1],
      [manifest - 500, manifest - 512],
      [manifest + 30, manifest],
      [end + 1, end + 1],
      [padding + 2, padding + 2],
      [segment.index.offset + segment.index.size, segment.index.offset + segment.index.size],
    ] as const)
      expect({ damaged, offsets: await offsetsIn(flipped(bytes, damaged)) }).toEqual({ damaged, offsets: [named] })
  })

  it('is in the error of every command, in the same words', async () => {
    const { bytes } = await catalogue()
    const archive = await folders.saved(flipped(bytes, bytes.length - 1_000))
    const text = `the archive is invalid: the end of the tar must be zero bytes (at byte ${bytes.length - 1_000} of the archive)`
    expect((await cli(['verify', archive])).stdout).toContain(`  bytes  ${text}\n`)
    for (const args of [
      ['ls', archive],
      ['cat', archive, 'guild/guild-iron'],
      ['extract', archive],
      ['diff', archive, CATALOGUE],
    ])
      expect(await cli(args)).toMatchObject({ code: 4, stderr: `error: ${archive}: ${text}\n` })
  })

  it('and its description are the same in verify and in extract', async () => {
    const { bytes, archive } = await catalogue()
    const [first, second, third] = archive.segments
    const entry = must((await readIndex(archive, must(second)))[0])
    const path = await folders.saved(
      flipped(
        bytes,
        must(first).offset + 20,
        must(second).offset + entry.offset + entry.size,
        must(second).offset + entry.offset,
        must(third).index.offset,
      ),
    )
    const verified = await cli(['verify', path])
    const findings = [...verified.stdout.matchAll(/^ {2}bytes {2}(.*)$/gm)].map(([, text]) => must(text))
    expect(findings).toHaveLength(4)
    expect(findings.some((text) => text.startsWith('the index of the segment that begins at byte '))).toBe(true)
    const { stdout } = await cli(['extract', path, '-o', folders.newFolder()])
    for (const finding of findings) expect(stdout).toContain(finding)
  })
})

describe('verify of an archive whose tar headers and padding are damaged', () => {
  it('counts all records, names every damaged header and padding, and finishes all checks', async () => {
    const { bytes, archive } = await catalogue()
    const segment = must(archive.segments[0])
    const [, second, third] = await readIndex(archive, segment)
    const [padding, header] = [segment.offset + must(second).offset - 513, segment.offset + must(third).offset - 512]
    const path = await folders.saved(flipped(bytes, segment.offset, padding, header))
    const [damaged] = jsonLines((await cli(['verify', path, '--json'])).stdout) as [
      { models: object; checks: object; findings: { offset: number }[] },
    ]
    const [sound] = jsonLines((await cli(['verify', CATALOGUE, '--json'])).stdout) as [{ models: object }]
    expect(damaged.findings.map(({ offset }) => offset)).toEqual([segment.offset, padding, header])
    expect(damaged.models).toEqual(sound.models)
    const passed = { passed: true, finished: true, findings_total: 0 }
    expect(damaged.checks).toMatchObject({ records: passed, manifest: passed, blobs: passed })
  })

  it('counts the records after a damaged chunk', async () => {
    const { bytes, archive } = await catalogue()
    const segment = must(archive.segments[0])
    const index = await readIndex(archive, segment)
    const [first] = index
    const path = await folders.saved(flipped(bytes, segment.offset + must(first).offset))
    const [result] = jsonLines((await cli(['verify', path, '--json'])).stdout) as [
      { checked_models: Record<string, { resources: number; revisions: number }>; findings: object[] },
    ]
    expect(index.length).toBeGreaterThan(1)
    expect(result.findings).toHaveLength(1)
    expect(result.checked_models['character']).toEqual({
      resources: 47 - must(must(first).resources),
      revisions: 138 - must(must(first).revisions),
    })
  })
})

describe('the exit code for a resource that is not in the archive', () => {
  it('is 2 for cat and extract, and 3 if something is also damaged', async () => {
    const { bytes, archive } = await catalogue()
    expect(await cli(['cat', CATALOGUE, 'guild/none'])).toMatchObject({ code: 2 })
    expect(await cli(['extract', CATALOGUE, 'guild/none', '-o', folders.newFolder()])).toMatchObject({ code: 2 })
    const guild = must(archive.segments.find(({ model }) => model === 'guild'))
    const chunk = must((await readIndex(archive, guild))[0])
    const damaged = await folders.saved(flipped(bytes, guild.offset + chunk.offset))
    const both = ['guild/guild-iron', 'character/none']
    expect(await cli(['extract', damaged, ...both, '-o', folders.newFolder()])).toMatchObject({ code: 3 })
  })
})
