import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { diffArchives } from '../../../../functions/cli/archives/diff/diff-archives.ts'
import { memorySource } from '../../../archive/memory.ts'
import { type SampleResource, writeArchive } from '../../../archive/sample.ts'
import { buildStream } from '../../../specstar/build-stream.ts'
import { cli, jsonLines } from '../cli-run.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
const CATALOGUE = fixture('acbak/catalogue-v3.acbak')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-diff-'))
})

afterAll(() => rm(folder, { recursive: true }))

const saved = async (name: string, bytes: Buffer): Promise<string> => {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

const resource = (id: string, ...payloads: string[]): SampleResource => ({
  id,
  revisions: payloads.map((data, k) => ({ n: k + 1, data })),
})

describe('diffArchives', () => {
  it('finds exactly the resources that differ, for archives and streams', async () => {
    /** The payload of each resource, by model and id. */
    const content = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.dictionary(
        fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
        fc.constantFrom('{}', '{"x":1}', '{"x":2}'),
      ),
    )
    type Content = Readonly<Record<string, Readonly<Record<string, string>>>>
    const archiveOf = (models: Content): Promise<Buffer> =>
      writeArchive({
        models: Object.fromEntries(
          Object.entries(models).map(([model, resources]) => [
            model,
            Object.entries(resources).map(([id, payload]) => resource(id, payload)),
          ]),
        ),
      })
    const streamOf = (models: Content): Buffer =>
      buildStream(
        Object.fromEntries(
          Object.entries(models).map(([model, resources]) => [
            model,
            {
              resources: Object.entries(resources).map(([id, payload]) => ({
                id,
                revisions: { [`${id}:1`]: payload },
              })),
            },
          ]),
        ),
      )
    const expected = (old: Content, next: Content): string[] => {
      const keys = (models: Content) =>
        Object.entries(models).flatMap(([model, ids]) => Object.keys(ids).map((id) => `${model}/${id}`))
      const payload = (models: Content, key: string) => models[key.slice(0, 1)]?.[key.slice(2)]
      return [...new Set([...keys(old), ...keys(next)])].flatMap((key) => {
        const [before, after] = [payload(old, key), payload(next, key)]
        if (before === after) return []
        return [`${before === undefined ? 'new' : after === undefined ? 'missing' : 'changed'} ${key}`]
      })
    }
    await fc.assert(
      fc.asyncProperty(content, content, fc.boolean(), async (old, next, isStream) => {
        const bytes = isStream ? [streamOf(old), streamOf(next)] : [await archiveOf(old), await archiveOf(next)]
        const [a, b] = await Promise.all(bytes.map((each) => openContents(memorySource(each))))
        if (a === undefined || b === undefined) throw new Error('two archives are needed')
        const found: string[] = []
        const onFault = (): void => {
          throw new Error('no fault is expected')
        }
        for await (const { group, model, resource_id } of diffArchives(a, b, { onFault }))
          found.push(`${group} ${model}/${resource_id}`)
        await a.close()
        await b.close()
        expect(found.sort()).toEqual(expected(old, next).sort())
      }),
      { numRuns: 60 },
    )
  })
})

describe('specstar-backup diff', () => {
  const write = async (): Promise<readonly [old: string, next: string]> => [
    await saved(
      'old.acbak',
      await writeArchive({
        models: {
          city: [resource('a', '{"n":1}'), resource('b', '{"n":1}'), resource('c', '{"n":1}')],
          gone: [resource('x', '{}')],
        },
        blobs: { one: Buffer.from('1'), two: Buffer.from('2') },
      }),
    ),
    await saved(
      'new.acbak',
      await writeArchive({
        models: { city: [resource('a', '{"n":1}'), resource('b', '{"n":1}', '{"n":2.0}'), resource('d', '{"n":1}')] },
        blobs: { two: Buffer.from('3'), three: Buffer.from('3') },
      }),
    ),
  ]

  it('leaves out the middle of a long id, but not with --json', async () => {
    const id = 'a'.repeat(250)
    const empty = await saved('no-ids.acbak', await writeArchive({ models: { city: [] } }))
    const long = await saved('long-id.acbak', await writeArchive({ models: { city: [resource(id, '{}')] } }))
    expect((await cli(['diff', empty, long])).stdout).toContain(`+ city/${'a'.repeat(69)}…${'a'.repeat(30)}\n`)
    expect(jsonLines((await cli(['diff', empty, long, '--json'])).stdout)[0]).toMatchObject({ resource_id: id })
  })

  it('lists new, changed and missing resources and blobs', async () => {
    const { code, stdout } = await cli(['diff', ...(await write())])
    expect(code).toBe(6)
    expect(stdout.trim().split('\n').slice(0, -2).sort()).toEqual(
      ['+ city/d', '- city/c', '- gone/x', '~ city/b', '+ blob three', '- blob one', '~ blob two'].sort(),
    )
    expect(stdout.trim().split('\n').slice(-2)).toEqual([
      '1 new resource, 1 changed, 2 missing',
      '1 new blob, 1 changed, 1 missing',
    ])
  })

  it('prints the changed fields with --fields, and only one model with --model', async () => {
    const { code, stdout } = await cli(['diff', ...(await write()), '--fields', '--model', 'city'])
    expect(code).toBe(6)
    expect(stdout).toContain(
      [
        '~ city/b',
        '    ~ /metadata/current_revision_id  "b:1" → "b:2"',
        '    ~ /metadata/total_revision_count  1 → 2',
        '    ~ /payload/n  1 → 2.0',
        '    + revision b:2',
        '',
      ].join('\n'),
    )
    expect(stdout).not.toContain('blob')
    expect(stdout).not.toContain('gone')
  })

  it('prints one JSON object a line, and the counts and what was read at the end', async () => {
    const { stdout, stderr } = await cli(['diff', ...(await write()), '--fields', '--json'])
    expect(stderr).toBe('')
    const lines = jsonLines(stdout)
    expect(lines).toContainEqual({ model: 'city', resource_id: 'd', group: 'new' })
    expect(lines).toContainEqual({ blob: { file_id: 'two', group: 'changed' } })
    expect(lines).toContainEqual(
      expect.objectContaining({
        resource_id: 'b',
        group: 'changed',
        revisions: [{ op: 'add', revision_id: 'b:2', fields: [] }],
      }),
    )
    expect(lines.at(-1)).toMatchObject({
      summary: {
        resources: { new: 1, changed: 1, missing: 2 },
        blobs: { new: 1, changed: 1, missing: 1 },
        faults: 0,
        read: { old: { requests: expect.any(Number) as number }, new: { size: expect.any(Number) as number } },
      },
    })
  })

  it('exits with 0 if there is no difference', async () => {
    const { code, stdout } = await cli(['diff', CATALOGUE, fixture('acbak/repacked-v3.tar')])
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '0 new resources, 0 changed, 0 missing\n0 new blobs, 0 changed, 0 missing\n',
    })
  })

  it('rejects a model that neither archive contains, and accepts one that only one of them contains', async () => {
    const only = await saved('model.acbak', await writeArchive({ models: { planet: [resource('mars', '{}')] } }))
    expect(await cli(['diff', CATALOGUE, CATALOGUE, '--model', 'planet'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'error: neither archive has a model planet; their models are: character, guild, item\n',
    })
    expect(await cli(['diff', CATALOGUE, only, '--model', 'planet'])).toMatchObject({
      code: 6,
      stdout: expect.stringContaining('+ planet/mars') as string,
    })
  })

  it('finds no difference between the payloads of an archive and of a stream with the same content', async () => {
    const { stdout } = await cli([
      'diff',
      fixture('specstar/catalogue.acbak'),
      CATALOGUE,
      '--fields',
      '--model',
      'guild',
    ])
    // The archive keeps the offsets of times, which a stream does not contain.
    expect(stdout.split('\n').filter((line) => line.startsWith('    ') && !/_time {2}|~ revision /.test(line))).toEqual(
      [],
    )
  })

  it('fails if an archive is damaged, and names this archive and its damaged entry', async () => {
    const bytes = await readFile(CATALOGUE)
    bytes[512 + 3] = (bytes[512 + 3] ?? 0) ^ 1
    const damaged = await saved('damaged.acbak', bytes)
    for (const archives of [
      [CATALOGUE, damaged],
      [damaged, fixture('acbak/repacked-v3.tar')],
    ]) {
      const { code, stderr } = await cli(['diff', ...archives])
      expect(code).toBe(4)
      expect(stderr).toMatch(
        /^error: \S+\/damaged\.acbak: entry models\/character\/\S+ is corrupt: .* \(at byte 512 of the/,
      )
    }
  })
})
