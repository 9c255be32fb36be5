import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { memorySource } from '../../../archive/memory.ts'
import { writeArchive } from '../../../archive/sample.ts'
import { buildStream } from '../../../specstar/build-stream.ts'
import { cli, jsonLines } from '../cli-run.ts'
import { CATALOGUE, filesIn, fixture, useExtractFolders } from './extract-folders.ts'

const folders = useExtractFolders()

describe('specstar-backup extract', () => {
  it('writes each resource with all revisions, and each blob', async () => {
    const target = folders.newFolder()
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
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', fixture('specstar/catalogue.acbak'), '-o', target])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `Extracted 119 resources and 78 blobs to ${target}\n` })
    expect(await filesIn(target)).toHaveLength(119 + 78 + 2)
  })

  it('extracts only some resources and the blobs to which they refer, and reports absent resources', async () => {
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', CATALOGUE, 'item/item-ids-of-its-own', 'item/none', '-o', target])
    expect({ code, stdout }).toEqual({
      code: 2,
      stdout: `Extracted 1 resource and 6 blobs to ${target}\nresource item/none: the archive does not contain it\n`,
    })
    expect(await cli(['extract', CATALOGUE, 'planet/x', '-o', folders.newFolder()])).toMatchObject({
      code: 2,
      stderr: 'error: the archive has no model planet; its models are: character, guild, item\n',
    })
  })

  it('lists at most 1,000 faults, and counts all of them', async () => {
    const absent = Array.from({ length: 1_200 }, (_, index) => `guild/absent-${index}`)
    const { code, stdout } = await cli(['extract', CATALOGUE, ...absent, '-o', folders.newFolder(), '--json'])
    expect(code).toBe(2)
    const [result] = jsonLines(stdout) as { faults: string[]; faults_total: number }[]
    expect([result?.faults.length, result?.faults_total]).toEqual([1_000, 1_200])
  })

  it('lists the resources that the export left out', async () => {
    const leftOut = { model: 'city', resource_id: 'x', key: { pk: 'city#m#0', sk: 'x' }, reason: 'no' }
    const archive = await folders.saved(await writeArchive({ models: { city: [] }, leftOut: [leftOut] }))
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', archive, '-o', target])
    expect(code).toBe(0)
    expect(stdout).toContain('The export left out 1 resource; left-out.jsonl in the folder lists it\n')
    expect(jsonLines(await readFile(join(target, 'left-out.jsonl'), 'utf8'))).toEqual([leftOut])
    const json = await cli(['extract', archive, '-o', folders.newFolder(), '--json'])
    expect(jsonLines(json.stdout)).toMatchObject([{ left_out: 1, faults: [] }])
    const one = await cli(['extract', archive, 'city/x', 'city/y', '-o', folders.newFolder()])
    expect(one.code).toBe(2)
    expect(one.stdout).toMatch(
      /\nresource city\/x: the export left it out: no\nresource city\/y: the archive does not contain it\n$/,
    )
    expect(await cli(['cat', archive, 'city/x'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        'error: the archive contains no resource city/x, because the export left it out: no. Read ',
      ) as string,
    })
    const whole = folders.newFolder()
    await cli(['extract', CATALOGUE, '-o', whole])
    expect(await filesIn(whole)).not.toContain('left-out.jsonl')
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
    const target = folders.newFolder()
    const { code, stdout } = await cli(['extract', await folders.saved(stream), '-o', target])
    expect(code).toBe(3)
    expect(stdout).toContain('resource city/bad: record 6 at byte')
    expect(await readdir(join(target, 'models/city'))).toContain('sound.json')
  })
})
