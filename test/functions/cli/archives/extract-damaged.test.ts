import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type {
  ArchiveContents,
  ContentsRecord,
  FaultyContentsRecord,
} from '../../../../functions/cli/archives/contents/contents.ts'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { extractArchive } from '../../../../functions/cli/archives/extract/extract-archive.ts'
import { NewFolder } from '../../../../functions/cli/archives/extract/new-folder.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { readIndex } from '../../../../shared/archive/segment-reader.ts'
import { idHashOf } from '../../../../shared/resources/keys.ts'
import { must } from '../../../../shared/values/must.ts'
import { memorySource } from '../../../archive/memory.ts'
import { writeArchive } from '../../../archive/sample.ts'
import { cli, jsonLines } from '../cli-run.ts'
import { CATALOGUE, useExtractFolders } from './extract-folders.ts'

const folders = useExtractFolders()

const spillFirstOfB = (record: ContentsRecord | FaultyContentsRecord): ContentsRecord | FaultyContentsRecord => {
  if (record.fault !== undefined || record.item['revision_id']?.S !== 'b:1') return record
  const inline = Object.entries(record.item).filter(([name]) => name !== 'data')
  return { ...record, item: { ...Object.fromEntries(inline), data_spilled: { BOOL: true } } }
}

/** Damages one byte. */
const flip = (bytes: Buffer, at: number): void => {
  bytes[at] = must(bytes[at]) ^ 1
}

describe('specstar-backup extract of a damaged archive', () => {
  it('goes on after a damaged blob, leaves no file of it, and names the damaged entry and its offset', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const start = must(segments.at(-1)).offset + 512
    flip(bytes, start)
    const target = folders.newFolder()
    const { code, stdout, stderr } = await cli(['extract', await folders.saved(bytes), '-o', target])
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(
        /^Read .*\nTar headers and padding between blobs were not checked; run specstar-backup verify to check the whole archive\.\n$/,
      ) as string,
    })
    expect(stdout).toMatch(
      new RegExp(
        `^Extracted 122 resources and 83 blobs to \\S+\nblob \\S+: entry blobs/\\S+ is corrupt: ` +
          `expected sha256 \\w+, found \\w+ \\(at byte ${start} of the archive\\)\n$`,
      ),
    )
    expect(await readdir(join(target, 'blobs'))).toHaveLength(83)
    expect((await readFile(join(target, 'blobs.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(83)
    expect((await readFile(join(target, 'faults.txt'), 'utf8')).trim()).toBe(stdout.split('\n')[1])
  })

  it('goes on after a damaged chunk of records, and names the resources that it may have contained', async () => {
    const resources = Array.from({ length: 40 }, (_, k) => ({
      id: `city-${k}`,
      revisions: [1, 2, 3].map((n) => ({ n, data: JSON.stringify({ n, text: 'x'.repeat(50) }) })),
    }))
    const bytes = await writeArchive({ models: { city: resources }, limits: { full: 3_000, max: 6_000 } })
    const archive = await openArchive(memorySource(bytes))
    const segment = must(archive.segments[0])
    const index = await readIndex(archive, segment)
    const [, damaged] = index
    flip(bytes, segment.offset + must(damaged).offset)
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', await folders.saved(bytes), '-o', target, '--json'])
    expect(code).toBe(3)
    const [result] = jsonLines(stdout) as [{ resources: number; faults: string[] }]
    const lost = result.faults.filter((fault) => fault.startsWith('resources of model city are missing'))
    expect(lost).toHaveLength(1)
    expect(lost[0]).toContain(`(those whose id hash is from ${damaged?.first_h} to ${damaged?.last_h})`)
    const written = await readdir(join(target, 'models/city'))
    expect(written).toHaveLength(result.resources)
    expect(index.length).toBeGreaterThan(4)
    expect(result.resources).toBeGreaterThan(20)
    expect(result.resources).toBeLessThan(40)
    const ids = resources.map(({ id }) => id)
    const complete = await Promise.all(
      ids.map(async (id) => {
        const text = await readFile(join(target, `models/city/${id}.json`), 'utf8').catch(() => '{"revisions":[]}')
        return (JSON.parse(text) as { revisions: unknown[] }).revisions.length === 3
      }),
    )
    // Every resource is complete, is named, or is in the range of the lost ones.
    const unreported = ids.filter((id, k) => {
      const h = idHashOf(id)
      const isLost = must(damaged?.first_h) <= h && h <= must(damaged?.last_h)
      return complete[k] !== true && !isLost && !result.faults.some((fault) => fault.includes(`city/${id}:`))
    })
    expect(unreported).toEqual([])
    const [absent] = ids.filter((id) => !written.includes(`${id}.json`))
    const one = await cli(['extract', await folders.saved(bytes), `city/${absent}`, '-o', folders.newFolder()])
    expect(one.code).toBe(3)
    expect(one.stdout).toContain(`resource city/${absent}: it is not in the sound parts of the archive`)
  })

  it('extracts everything if only tar headers and padding are damaged, and states that nothing is missing', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const [first, second] = segments.map(({ offset, index }) => ({ header: offset, end: index.offset - 513 }))
    flip(bytes, must(first).header)
    flip(bytes, must(second).end)
    const archive = await folders.saved(bytes)
    const { code, stdout } = await cli(['extract', archive, '-o', folders.newFolder()])
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(
          '^Extracted 122 resources and 84 blobs to \\S+\\n' +
            'Nothing is missing because of this damage between the entries of the archive:\\n' +
            `  .*tar header .* \\(at byte ${first?.header} of the archive\\)\\n` +
            `  .*padding of entry .* \\(at byte ${second?.end} of the archive\\)\\n$`,
        ),
      ) as string,
    })
    const listed = await cli(['ls', CATALOGUE, 'character', '--json'])
    const resources = jsonLines(listed.stdout).map(
      (line) => `character/${(line as { resource_id: string }).resource_id}`,
    )
    const some = await cli(['extract', archive, ...resources, '-o', folders.newFolder(), '--json'])
    expect(some.code).toBe(0)
    expect(jsonLines(some.stdout)).toMatchObject([{ resources: resources.length, faults: [], faults_total: 0 }])
    expect((await cli(['verify', archive])).code).toBe(4)
  })

  it('goes on after a damaged spilled payload, and extracts no incomplete resource', async () => {
    const bytes = await readFile(CATALOGUE)
    const archive = await openArchive(memorySource(bytes))
    const lines = await Promise.all(
      archive.segments.map(async (segment) =>
        (await readIndex(archive, segment)).map(({ kind, offset }) => ({ kind, at: segment.offset + offset })),
      ),
    )
    flip(bytes, must(lines.flat().find(({ kind }) => kind === 'payload')).at)
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', await folders.saved(bytes), '-o', target])
    expect(code).toBe(3)
    // Two resources have this payload.
    expect(stdout).toContain('Extracted 120 resources and 84 blobs')
    const bad = [...stdout.matchAll(/^resource item\/(\S+): .*entry payloads\/\w+ is corrupt/gm)].map(([, id]) => id)
    expect(bad.sort()).toEqual(['item-large-a', 'item-large-b'])
    expect(stdout).not.toContain('metadata of the resource')
    const written = await readdir(join(target, 'models/item'))
    for (const id of bad) expect(written).not.toContain(`${id}.json`)
  })

  it('goes on after damaged indexes of records and of blobs', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const damaged = [must(segments[0]), must(segments.at(-1))]
    for (const { index } of damaged) flip(bytes, index.offset)
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', await folders.saved(bytes), '-o', target, '--json'])
    expect(code).toBe(3)
    const [{ faults }] = jsonLines(stdout) as [{ faults: string[] }]
    for (const { index } of damaged)
      expect(faults.filter((fault) => fault.includes(`at byte ${index.offset} of the archive`))).toHaveLength(1)
    expect(faults.some((fault) => fault.startsWith('blobs: all blobs of one segment are missing'))).toBe(true)
  })

  it('reports a resource that cannot be shown as JSON, and extracts the others', async () => {
    const resource = (id: string) => ({
      id,
      revisions: [
        { n: 1, data: '{"first":1}' },
        { n: 2, data: '{"second":2}' },
      ],
    })
    const archive = await writeArchive({ models: { city: ['a', 'b', 'c'].map(resource) } })
    const sound = await openContents(memorySource(archive))
    const target = folders.newFolder()
    // The first revision of `b` is spilled, and its text is longer than a string can be.
    const contents: ArchiveContents = {
      isReadAsWhole: false,
      describe: () => sound.describe(),
      async *records(model) {
        for await (const batch of sound.records(model)) yield batch.map(spillFirstOfB)
      },
      blobPaths: () => undefined,
      payload: () => Promise.reject(new RangeError('Invalid string length')),
      blobs: () => sound.blobs(),
      findBlobs: (fileIds) => sound.findBlobs(fileIds),
      isMissing: () => false,
      leftOut: () => sound.leftOut(),
      close: () => sound.close(),
    }
    expect(await extractArchive(contents, await NewFolder.create(target))).toEqual({
      resources: 2,
      blobs: 0,
      faults_total: 1,
      not_found: 0,
      harmless_damage: [],
      left_out: 0,
      faults: ['resource city/b: revision "b:1" cannot be shown as JSON: Invalid string length'],
    })
    expect((await readdir(join(target, 'models/city'))).sort()).toEqual(['a.json', 'c.json'])
  })
})
