import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { extractArchive } from '../../../../functions/cli/archives/extract/extract-archive.ts'
import { NewFolder } from '../../../../functions/cli/archives/extract/new-folder.ts'
import { openArchive } from '../../../../shared/archive/open.ts'
import { readIndex } from '../../../../shared/archive/segment-reader.ts'
import { idHashOf } from '../../../../shared/resources/keys.ts'
import type { Item } from '../../../../shared/tables/item.ts'
import { must } from '../../../../shared/values/must.ts'
import { craftItems } from '../../../archive/craft.ts'
import { memorySource } from '../../../archive/memory.ts'
import { itemsOf, writeArchive } from '../../../archive/sample.ts'
import { buildStream } from '../../../specstar/build-stream.ts'
import { cli, jsonLines } from '../cli-run.ts'

let folder: string
let count = 0
const newPath = (): string => join(folder, `${(count += 1)}`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-damaged-records-'))
})

afterAll(() => rm(folder, { recursive: true }))

const saved = async (bytes: Buffer): Promise<string> => {
  const path = newPath()
  await writeFile(path, bytes)
  return path
}

/** Returns the metadata and the revisions of a resource with this number of revisions. */
const resource = (id: string, revisions: number, model = 'city'): readonly Item[] => {
  const numbers = Array.from({ length: revisions }, (_, k) => k + 1)
  const items = itemsOf(model, { id, revisions: numbers.map((n) => ({ n, data: JSON.stringify({ n }) })) })
  return [items.metadata, ...items.revisions]
}

/** Makes the keys of revisions wrong. */
const withWrongKeys = (items: readonly Item[], revisionIds: readonly string[]): readonly Item[] =>
  items.map((item) =>
    revisionIds.includes(item['revision_id']?.S ?? '') ? { ...item, sk: { S: `${item['sk']?.S ?? ''}x` } } : item,
  )
const withWrongKey = (items: readonly Item[], revisionId: string): readonly Item[] => withWrongKeys(items, [revisionId])

/** The result of a comparison that has skipped something. */
const NO_DIFFERENCES = {
  code: 3,
  stdout: '0 new resources, 0 changed, 0 missing\n0 new blobs, 0 changed, 0 missing\n',
}

const revisionsIn = async (path: string): Promise<readonly string[]> => {
  const { revisions } = JSON.parse(await readFile(path, 'utf8')) as { revisions: { revision_id: string }[] }
  return revisions.map(({ revision_id }) => revision_id)
}

describe('a resource with one invalid revision', () => {
  const damaged = () => saved(craftItems('city', [withWrongKey(resource('a', 5), 'a:2'), resource('b', 2)]))
  const FAULT = /^sk is .* but must be .* \(line \d of entry models\/city\/s-00000\.jsonl\.zst\)$/

  it('is extracted with its other revisions', async () => {
    const target = newPath()
    const { code, stdout } = await cli(['extract', await damaged(), '-o', target, '--json'])
    expect(code).toBe(3)
    const [{ resources, faults }] = jsonLines(stdout) as [{ resources: number; faults: string[] }]
    expect(resources).toBe(2)
    expect(faults.map((fault) => fault.replace(/^resource city\/a: /, ''))).toEqual([expect.stringMatching(FAULT)])
    expect(await revisionsIn(join(target, 'models/city/a.json'))).toEqual(['a:1', 'a:3', 'a:4', 'a:5'])
  })

  it('is listed with the number of its other revisions, and with its fault', async () => {
    const { code, stdout, stderr } = await cli(['ls', await damaged(), 'city', '--json'])
    expect(code).toBe(3)
    expect(jsonLines(stdout)).toContainEqual(expect.objectContaining({ resource_id: 'a', revisions: 4 }))
    const [fault] = jsonLines(stderr)
    expect(fault).toMatchObject({ fault: { resource_id: 'a', reason: expect.stringMatching(FAULT) as string } })
    expect(stderr).not.toContain('metadata of the resource')
  })
})

describe('a resource with thousands of invalid revisions', () => {
  it('is extracted with all of its other revisions', async () => {
    const wrong = Array.from({ length: 1_200 }, (_, k) => `a:${2 * k + 2}`)
    const items = withWrongKeys(resource('a', 2_400), wrong)
    const target = newPath()
    const { code, stdout } = await cli(['extract', await saved(craftItems('city', [items])), '-o', target, '--json'])
    expect(code).toBe(3)
    expect(jsonLines(stdout)).toMatchObject([{ resources: 1, faults_total: 1_200 }])
    expect(await revisionsIn(join(target, 'models/city/a.json'))).toHaveLength(1_200)
    expect(await readFile(join(target, 'faults.txt'), 'utf8')).not.toContain('metadata of the resource')
  })
})

describe('a resource with a record that states another id', () => {
  it('is not reported as absent if the record is its only one', async () => {
    const [metadata = {}] = resource('a', 1)
    const archive = await saved(craftItems('city', [[{ ...metadata, resource_id: { S: 'z' } }], resource('b', 1)]))
    const { code, stdout } = await cli(['extract', archive, 'city/a', '-o', newPath()])
    expect(code).toBe(3)
    expect(stdout).toMatch(/^resource city\/z: sk is /m)
    expect(stdout).not.toContain('the archive does not contain it')
  })
})

describe('the comparison of two archives with an invalid resource', () => {
  const sound = ['a', 'b', 'c', 'd'].map((id) => resource(id, 2))
  const withoutKey = (id: string, revisionId: string) =>
    sound.map((items) => (items[0]?.['resource_id']?.S === id ? withWrongKey(items, revisionId) : items))

  it('reports the fault, and neither a new, a missing nor a changed resource', async () => {
    const whole = await saved(craftItems('city', sound))
    for (const id of ['a', 'b', 'c', 'd']) {
      const damaged = await saved(craftItems('city', withoutKey(id, `${id}:1`)))
      const metadata = await saved(
        craftItems(
          'city',
          sound.map(([first = {}, ...others]) =>
            first['resource_id']?.S === id ? [{ ...first, pk: { S: 'x' } }, ...others] : [first, ...others],
          ),
        ),
      )
      for (const archives of [
        [whole, damaged],
        [damaged, whole],
        [whole, metadata],
        [metadata, whole],
      ]) {
        const { code, stdout, stderr } = await cli(['diff', ...archives])
        expect({ code, stdout }).toEqual(NO_DIFFERENCES)
        expect(stderr).toContain(`resource city/${id} of the`)
      }
    }
  })

  /** A key that contains only the id hash of a resource. */
  const hashOf = (id: string) => ({ sk: { S: idHashOf(id) } })

  it.each<[string, (id: string) => Item]>([
    ['states another resource in its attributes', () => ({ resource_id: { S: 'z' } })],
    ['states another resource in its key', (id) => ({ sk: { S: `${idHashOf(id)}/z/1` } })],
    ['states no resource', (id) => ({ resource_id: { N: '1' }, ...hashOf(id) })],
  ])('reports no difference of a resource if one of its revisions %s', async (_, wrong) => {
    const whole = await saved(craftItems('city', sound))
    for (const id of ['a', 'b', 'c', 'd']) {
      const damaged = await saved(
        craftItems(
          'city',
          sound.map((items) =>
            items.map((item) => (item['revision_id']?.S === `${id}:2` ? { ...item, ...wrong(id) } : item)),
          ),
        ),
      )
      for (const archives of [
        [whole, damaged],
        [damaged, whole],
      ]) {
        const { code, stdout } = await cli(['diff', ...archives])
        expect({ code, stdout }).toEqual(NO_DIFFERENCES)
      }
    }
  })

  it('reports neither a new nor a missing resource if its only record states no resource', async () => {
    const whole = await saved(craftItems('city', sound))
    const damaged = await saved(
      craftItems(
        'city',
        sound.map(([first = {}, ...others]) =>
          first['resource_id']?.S === 'b'
            ? [{ ...first, resource_id: { N: '1' }, ...hashOf('b') }]
            : [first, ...others],
        ),
      ),
    )
    for (const archives of [
      [whole, damaged],
      [damaged, whole],
    ])
      expect(await cli(['diff', ...archives])).toMatchObject(NO_DIFFERENCES)
  })

  it('still finds the other differences', async () => {
    const damaged = await saved(craftItems('city', withoutKey('b', 'b:1').slice(1)))
    const other = await saved(craftItems('city', [resource('b', 2), resource('c', 3), resource('e', 1)]))
    const { code, stdout } = await cli(['diff', damaged, other])
    expect(code).toBe(3)
    expect(stdout.trim().split('\n').slice(0, -2).sort()).toEqual(['+ city/e', '- city/d', '~ city/c'])
  })

  it('reports the fault of a stream, whose damaged record precedes the resource, and no difference', async () => {
    const city = (dataHash?: string) =>
      saved(
        buildStream({
          city: {
            resources: [
              { id: 'a', revisions: { 'a:1': '{}' }, ...(dataHash === undefined ? {} : { dataHash }) },
              { id: 'b', revisions: { 'b:1': '{}' } },
            ],
          },
        }),
      )
    const { code, stdout } = await cli(['diff', await city(), await city('xxh3_128:0')])
    expect({ code, stdout }).toEqual(NO_DIFFERENCES)
  })
})

describe('a resource whose metadata is invalid', () => {
  it('is reported with its revisions, whose metadata cannot be read', async () => {
    const [metadata = {}, ...revisions] = resource('a', 2)
    const wrong = { ...metadata, sk: { S: `${metadata['sk']?.S ?? ''}x` } }
    const { code, stdout } = await cli([
      'extract',
      await saved(craftItems('city', [[wrong, ...revisions]])),
      '-o',
      newPath(),
    ])
    expect(code).toBe(3)
    expect(stdout.match(/^resource city\/a: .*$/gm)).toHaveLength(3)
    expect(stdout).toMatch(/the metadata of the resource of revision ".*a:1.*" is missing or cannot be read$/m)
  })
})

describe('an archive with a damaged chunk in the middle of a resource', () => {
  it('is extracted with the revisions before and after the chunk', async () => {
    const revisions = Array.from({ length: 20 }, (_, k) => ({ n: k + 1, data: JSON.stringify({ x: 'y'.repeat(900) }) }))
    const bytes = await writeArchive({
      models: { city: [{ id: 'a', revisions }] },
      limits: { full: 3_000, max: 6_000 },
    })
    const archive = await openArchive(memorySource(bytes))
    const segment = must(archive.segments[0])
    const index = await readIndex(archive, segment)
    expect(index.length).toBeGreaterThan(2)
    const at = segment.offset + must(index[1]).offset
    bytes[at] = must(bytes[at]) ^ 1
    const target = newPath()
    const { code, stdout } = await cli(['extract', await saved(bytes), '-o', target])
    expect(code).toBe(3)
    expect(stdout).not.toContain('metadata of the resource')
    const found = await revisionsIn(join(target, 'models/city/a.json'))
    expect(found).toContain('a:1')
    expect(found).toContain('a:20')
    expect(found.length).toBeLessThan(20)
  })
})

describe('an archive that contains records twice or of another model', () => {
  it('is extracted without the second resource, and every other resource is extracted', async () => {
    const archive = await saved(craftItems('city', [resource('a', 2), resource('a', 2), resource('b', 2)]))
    const target = newPath()
    const { code, stdout, stderr } = await cli(['extract', archive, '-o', target, '--json'])
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
    const [{ resources, faults }] = jsonLines(stdout) as [{ resources: number; faults: string[] }]
    expect(resources).toBe(2)
    expect(faults.length).toBeGreaterThan(0)
    for (const fault of faults)
      expect(fault).toMatch(
        /^resource city\/a: .* of entry \S+: .* (?:occurs twice|is out of order) \(at byte 512 of the archive\)$/,
      )
    expect(await revisionsIn(join(target, 'models/city/a.json'))).toEqual(['a:1', 'a:2'])
    expect(await revisionsIn(join(target, 'models/city/b.json'))).toEqual(['b:1', 'b:2'])
  })

  it.each([
    ['one after the other', [resource('a', 2), resource('a', 2), resource('b', 2)]],
    ['after another resource', [[...resource('a', 1), ...resource('b', 1), ...resource('a', 1)]]],
    ['of another model', [resource('a', 1), resource('b', 1, 'town')]],
  ])('is not verified, and the byte of the chunk is named: %s', async (_, chunks) => {
    const { code, stdout } = await cli(['verify', await saved(craftItems('city', chunks)), '--json'])
    expect(code).toBe(4)
    const [{ findings, checks }] = jsonLines(stdout) as [
      { findings: { check: string }[]; checks: Record<string, object> },
    ]
    const damage = findings.filter(({ check }) => check === 'bytes')
    expect(damage.length).toBeGreaterThan(0)
    for (const finding of damage)
      expect(finding).toMatchObject({ offset: 512, entry: 'models/city/s-00000.jsonl.zst', model: 'city' })
    expect(checks['records']).toMatchObject({ passed: false, finished: false })
  })

  it('is described with the same words by verify, extract, cat and diff', async () => {
    const archive = await saved(craftItems('city', [resource('a', 1), resource('a', 1)]))
    const damage =
      'the archive is invalid: line 3 of entry models/city/s-00000.jsonl.zst: resource "a" occurs twice ' +
      '(at byte 512 of the archive)'
    expect((await cli(['verify', archive])).stdout).toContain(`  bytes  ${damage}\n`)
    expect((await cli(['extract', archive, '-o', newPath()])).stdout).toContain(`\nresource city/a: ${damage}\n`)
    for (const args of [
      ['cat', archive, 'city/a'],
      ['diff', archive, archive],
    ])
      expect((await cli(args)).stderr).toContain(`: ${damage}; `)
  })

  it('is extracted without a resource that occurs again after another resource', async () => {
    const [a, b] = [resource('a', 1), resource('b', 1)]
    const archive = await saved(craftItems('city', [[...a, ...b, ...a]]))
    const target = newPath()
    const { code, stdout } = await cli(['extract', archive, '-o', target])
    expect(code).toBe(3)
    expect(stdout).toContain('Extracted 2 resources')
    expect(stdout).toContain('resource city/a: occurs twice in the archive; only the first one was extracted')
    expect((await readdir(join(target, 'models/city'))).sort()).toEqual(['a.json', 'b.json'])
  })

  it('is extracted without the records of another model', async () => {
    const archive = await saved(craftItems('city', [resource('a', 1), resource('x', 1, 'planet')]))
    const target = newPath()
    const { code, stdout } = await cli(['extract', archive, '-o', target])
    expect(code).toBe(3)
    expect(stdout).toMatch(
      /^resource city\/x: .* the record belongs to model planet, but the segment belongs to model city/m,
    )
    expect(await readdir(join(target, 'models'))).toEqual(['city'])
  })

  it('is extracted with the first of two blobs that have the same id', async () => {
    const bytes = await writeArchive({ models: {}, blobs: { one: Buffer.from('1'), two: Buffer.from('2') } })
    const contents = await openContents(memorySource(bytes))
    const blobs = await Array.fromAsync(contents.blobs())
    vi.spyOn(contents, 'blobs').mockImplementation(async function* () {
      yield* await Promise.resolve([...blobs, ...blobs])
    })
    const target = newPath()
    const { blobs: written, faults } = await extractArchive(contents, await NewFolder.create(target))
    expect(written).toBe(2)
    expect(faults.toSorted()).toEqual(
      ['one', 'two'].map((id) => `blob ${id}: occurs twice in the archive; only the first one was extracted`),
    )
    expect((await readFile(join(target, 'blobs.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(2)
  })
})
