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

  it('leaves no file with damaged content, and names the damaged entry and its offset', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const last = segments.at(-1)
    const start = (last?.offset ?? 0) + 512
    bytes[start] = (bytes[start] ?? 0) ^ 1
    const target = newFolder()
    const { code, stderr } = await cli(['extract', await saved(bytes), '-o', target])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(
        `^error: \\S+: entry blobs/\\S+ is corrupt: expected sha256 \\w+, found \\w+ ` +
          `\\(the entry begins at byte ${start} of the archive\\); specstar-backup verify finds all damage\n$`,
      ),
    )
    const name = /entry blobs\/(\S+) is/.exec(stderr)?.[1] ?? ''
    expect(await readdir(join(target, 'blobs'))).not.toContain(name)
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
      close: () => sound.close(),
    }
    expect(await extractArchive(contents, await NewFolder.create(target))).toEqual({
      resources: 2,
      blobs: 0,
      faults_total: 1,
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
