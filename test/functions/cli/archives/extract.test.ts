import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
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
import { buildStream } from '../../../specstar/build-stream.ts'
import { cli, jsonLines } from '../cli-run.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
const CATALOGUE = fixture('acbak/catalogue-v3.acbak')

let folder: string
let count = 0
const newFolder = (): string => join(folder, `out-${(count += 1)}`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-extract-'))
})

afterAll(() => rm(folder, { recursive: true }))

const saved = async (bytes: Buffer): Promise<string> => {
  const path = join(folder, `archive-${(count += 1)}.acbak`)
  await writeFile(path, bytes)
  return path
}

const spillFirstOfB = (record: ContentsRecord | FaultyContentsRecord): ContentsRecord | FaultyContentsRecord => {
  if (record.fault !== undefined || record.item['revision_id']?.S !== 'b:1') return record
  const inline = Object.entries(record.item).filter(([name]) => name !== 'data')
  return { ...record, item: { ...Object.fromEntries(inline), data_spilled: { BOOL: true } } }
}

/** Damages one byte. */
const flip = (bytes: Buffer, at: number): void => {
  bytes[at] = must(bytes[at]) ^ 1
}

/** Returns the paths of all files under a folder. */
const filesIn = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .flatMap((entry) => (entry.isDirectory() ? [] : [join(entry.parentPath, entry.name).slice(path.length)]))
    .sort()
}

describe('specstar-backup extract', () => {
  it('writes each resource with all revisions, and each blob', async () => {
    const target = newFolder()
    const { code, stdout } = await cli(['extract', CATALOGUE, '-o', target, '--json'])
    expect(code).toBe(0)
    expect(jsonLines(stdout)).toMatchObject([{ folder: target, resources: 122, blobs: 84, faults: [] }])
    const files = await filesIn(target)
    expect(files).toHaveLength(122 + 84 + 2)
    const document = JSON.parse(await readFile(join(target, 'models/guild/guild-iron.json'), 'utf8')) as object
    expect(document).toMatchObject({
      model: 'guild',
      resource_id: 'guild-iron',
      metadata: { current_revision_id: 'guild-iron:1', is_deleted: true },
      revisions: [{ revision_id: 'guild-iron:1', payload: { name: 'Iron Wolves', ranks: { chef: 9 } } }],
    })
    const lines = (await readFile(join(target, 'blobs.jsonl'), 'utf8')).trim().split('\n')
    const blobs = lines.map((line) => JSON.parse(line) as { file: string; file_id: string; size: number })
    const plan = blobs.find(({ file_id }) => file_id === 'büro/plan 1.pdf')
    expect(plan?.file).toBe('blobs/b%C3%BCro%2Fplan%201%2Epdf')
    for (const { file, size } of blobs) expect((await readFile(join(target, file))).length).toBe(size)
  })

  it('extracts the same resources and blobs from a stream of SpecStar', async () => {
    const target = newFolder()
    const { code, stdout } = await cli(['extract', fixture('specstar/catalogue.acbak'), '-o', target])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Extracted 119 resources and 78 blobs to ${target}\n` })
    expect(await filesIn(target)).toHaveLength(119 + 78 + 2)
  })

  it('extracts only some resources and the blobs to which they refer, and reports absent resources', async () => {
    const target = newFolder()
    const { code, stdout } = await cli(['extract', CATALOGUE, 'item/item-ids-of-its-own', 'item/none', '-o', target])
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: `Extracted 1 resource and 6 blobs to ${target}\nresource item/none: the archive does not contain it\n`,
    })
    expect(await cli(['extract', CATALOGUE, 'planet/x', '-o', newFolder()])).toMatchObject({
      code: 1,
      stderr: 'error: the archive has no model planet; its models are: character, guild, item\n',
    })
  })

  it('never writes outside of its folder, whatever the ids contain', async () => {
    const id = fc.oneof(
      fc.constantFrom(
        '..',
        '../x',
        '/tmp/x',
        '\0',
        'a\\b',
        'CON',
        'con',
        'a',
        'A',
        '~',
        '%2e',
        '.',
        '\u202e',
        'x'.repeat(250),
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((text) => text.toWellFormed()),
    )
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(id, { maxLength: 12 }), async (ids) => {
        const parent = newFolder()
        const target = join(parent, 'target')
        await mkdir(parent)
        const blobs = Object.fromEntries(ids.map((each) => [each, Buffer.from(each)]))
        const archive = await saved(await writeArchive({ models: { CON: [], aux: [] }, blobs }))
        const { code } = await cli(['extract', archive, '-o', target])
        expect(code).toBe(0)
        expect(await readdir(parent)).toEqual(['target'])
        const files = await filesIn(target)
        expect(files.filter((file) => file.startsWith('/blobs/'))).toHaveLength(ids.length)
        // No two files are one on a file system that does not distinguish upper and lower case.
        expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(files.length)
      }),
      { numRuns: 25 },
    )
  })

  it('keeps hostile ids of resources apart', async () => {
    const resource = (id: string) => ({ id, revisions: [{ n: 1, data: '{}' }] })
    const ids = ['..', '.', 'con', 'a', 'A', '%2E%2E', 'a~b', 'é', 'É']
    const archive = await saved(await writeArchive({ models: { nul: ids.map(resource), Nul: ids.map(resource) } }))
    const target = newFolder()
    expect((await cli(['extract', archive, '-o', target])).code).toBe(0)
    const files = await filesIn(target)
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(2 * ids.length + 2)
    expect(await readdir(folder)).toContain(target.slice(folder.length + 1))
  })

  it('writes files that only the user may read', async () => {
    const target = newFolder()
    await cli(['extract', CATALOGUE, 'guild/guild-iron', '-o', target])
    const modes = await Promise.all(
      ['', 'models/guild', 'models/guild/guild-iron.json', 'blobs.jsonl'].map((path) => stat(join(target, path))),
    )
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o600, 0o600])
  })

  it('lists at most 1,000 faults, and counts all of them', async () => {
    const absent = Array.from({ length: 1_200 }, (_, index) => `guild/absent-${index}`)
    const { code, stdout } = await cli(['extract', CATALOGUE, ...absent, '-o', newFolder(), '--json'])
    expect(code).toBe(3)
    const [result] = jsonLines(stdout) as { faults: string[]; faults_total: number }[]
    expect([result?.faults.length, result?.faults_total]).toEqual([1_000, 1_200])
  })

  it('lists the resources that the export left out', async () => {
    const leftOut = { model: 'city', resource_id: 'x', key: { pk: 'city#m#0', sk: 'x' }, reason: 'no' }
    const archive = await saved(await writeArchive({ models: { city: [] }, leftOut: [leftOut] }))
    const target = newFolder()
    const { code, stdout } = await cli(['extract', archive, '-o', target])
    expect(code).toBe(0)
    expect(stdout).toContain('The export left out 1 resource; left-out.jsonl in the folder lists it\n')
    expect(jsonLines(await readFile(join(target, 'left-out.jsonl'), 'utf8'))).toEqual([leftOut])
    const json = await cli(['extract', archive, '-o', newFolder(), '--json'])
    expect(jsonLines(json.stdout)).toMatchObject([{ left_out: 1, faults: [] }])
    const whole = newFolder()
    await cli(['extract', CATALOGUE, '-o', whole])
    expect(await filesIn(whole)).not.toContain('left-out.jsonl')
  })

  it('says what to do if a file has the name of the folder', async () => {
    const path = await saved(Buffer.from('x'))
    expect(await cli(['extract', CATALOGUE, '-o', path])).toMatchObject({
      code: 1,
      stderr: `error: ${path} is a file; choose a new folder with --output\n`,
    })
  })

  it('refuses a folder that is not empty, so it replaces no file and follows no link', async () => {
    const target = newFolder()
    const outside = newFolder()
    await mkdir(target)
    await mkdir(outside)
    await symlink(outside, join(target, 'models'))
    const { code, stderr } = await cli(['extract', CATALOGUE, '-o', target])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `error: the folder ${target} is not empty; choose a new folder with --output\n`,
    })
    expect(await readdir(outside)).toEqual([])
  })

  it('goes on after a damaged blob, leaves no file of it, and names the damaged entry and its offset', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const start = must(segments.at(-1)).offset + 512
    flip(bytes, start)
    const target = newFolder()
    const { code, stdout, stderr } = await cli(['extract', await saved(bytes), '-o', target])
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/^Read /) as string })
    expect(stdout).toMatch(
      new RegExp(
        `^Extracted 122 resources and 83 blobs to \\S+\nblob .+: \\S+: entry blobs/\\S+ is corrupt: ` +
          `expected sha256 \\w+, found \\w+ \\(the entry begins at byte ${start} of the archive\\); ` +
          `specstar-backup verify finds all damage\n$`,
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
    const target = newFolder()
    const { code, stdout } = await cli(['extract', await saved(bytes), '-o', target, '--json'])
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
    const one = await cli(['extract', await saved(bytes), `city/${absent}`, '-o', newFolder()])
    expect(one.code).toBe(3)
    expect(one.stdout).toContain(`resource city/${absent}: is not in the sound parts of the archive`)
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
    const target = newFolder()
    const { code, stdout } = await cli(['extract', await saved(bytes), '-o', target])
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
    const target = newFolder()
    const { code, stdout } = await cli(['extract', await saved(bytes), '-o', target, '--json'])
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
    const target = newFolder()
    // The first revision of `b` is spilled, and its text is longer than a string can be.
    const contents: ArchiveContents = {
      describe: () => sound.describe(),
      async *records(model) {
        for await (const batch of sound.records(model)) yield batch.map(spillFirstOfB)
      },
      blobPaths: () => undefined,
      payload: () => Promise.reject(new RangeError('Invalid string length')),
      blobs: () => sound.blobs(),
      findBlobs: (fileIds) => sound.findBlobs(fileIds),
      offsetOf: () => Promise.resolve(undefined),
      leftOut: () => sound.leftOut(),
      close: () => sound.close(),
    }
    expect(await extractArchive(contents, await NewFolder.create(target))).toEqual({
      resources: 2,
      blobs: 0,
      faults_total: 1,
      left_out: 0,
      faults: ['resource city/b: revision "b:1" cannot be shown as JSON: Invalid string length'],
    })
    expect((await readdir(join(target, 'models/city'))).sort()).toEqual(['a.json', 'c.json'])
  })

  it('lists the blobs of a stream once, however many are needed', async () => {
    const contents = await openContents(memorySource(await readFile(fixture('specstar/catalogue.acbak'))))
    const all = (await Array.fromAsync(contents.blobs())).map(({ file_id }) => file_id)
    const listed = vi.spyOn(contents, 'blobs')
    const found = await Array.fromAsync(contents.findBlobs(new Set([...all, 'none'])))
    expect(found.map(({ file_id }) => file_id)).toEqual(all)
    expect(all).toHaveLength(78)
    expect(listed).toHaveBeenCalledTimes(1)
    await contents.close()
  })

  it('extracts what can be read of a stream, and reports the resources that are not complete', async () => {
    const stream = buildStream({
      city: {
        resources: [
          { id: 'sound', revisions: { 'sound:1': '{}' } },
          { id: 'bad', revisions: { 'bad:1': '{}' }, dataHash: 'xxh3_128:0' },
        ],
      },
    })
    const target = newFolder()
    const { code, stdout } = await cli(['extract', await saved(stream), '-o', target])
    expect(code).toBe(3)
    expect(stdout).toContain('resource city/bad: record 6 at byte')
    expect(await readdir(join(target, 'models/city'))).toContain('sound.json')
  })
})
