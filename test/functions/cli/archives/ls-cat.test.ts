import { hash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openArchive } from '../../../../shared/archive/open.ts'
import { craftItems, craftRecords } from '../../../archive/craft.ts'
import { memorySource } from '../../../archive/memory.ts'
import { itemsOf, writeArchive } from '../../../archive/sample.ts'
import { cli, jsonLines } from '../cli-run.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url))
const CATALOGUE = fixture('acbak/catalogue-v3.acbak')
const STREAM = fixture('specstar/catalogue.acbak')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-ls-'))
})

afterAll(() => rm(folder, { recursive: true }))

const saved = async (name: string, bytes: Buffer): Promise<string> => {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

describe('specstar-backup ls', () => {
  it('shows what the manifest of an archive states, and reads nothing else', async () => {
    expect(await cli(['ls', CATALOGUE])).toEqual({
      code: 0,
      stdout: [
        'format      acbak, version 3',
        'size        1.29 MiB',
        'created     2026-03-01 00:00:09Z',
        'job         reference-0001',
        'deployment  reference (eu-central-1)',
        'complete    yes',
        '',
        'MODEL      RESOURCES  REVISIONS',
        'character         47        138',
        'guild             12         39',
        'item              63        139',
        '',
        '84 blobs (736 KiB)',
        '',
      ].join('\n'),
      stderr: 'Read 8 KiB of 1.29 MiB with 3 requests.\n',
    })
  })

  it('escapes control characters in the names that a manifest contains', async () => {
    const name = 'shop\u001b[2J\u009b2J\u202e\nstatus  forged'
    const manifest = { job_id: name, source: { deployment: name, region: name } }
    const path = await saved('names.acbak', craftRecords({ manifest }))
    const target = join(folder, 'names')
    for (const args of [
      ['ls', path],
      ['extract', path, '-o', target],
    ])
      for (const options of [[], ['--json']]) {
        await rm(target, { recursive: true, force: true })
        const { code, stdout, stderr } = await cli([...args, ...options])
        expect(code).toBe(0)
        expect(stdout + stderr).not.toMatch(/[^\P{C}\n]/u)
        expect(stdout).not.toMatch(/^status {2}forged/m)
      }
    expect(jsonLines((await cli(['ls', path, '--json'])).stdout)).toMatchObject([{ job_id: name, deployment: name }])
  })

  it('shows the same of a stream as one JSON object, whose last member is what was read', async () => {
    const { code, stdout, stderr } = await cli(['ls', STREAM, '--json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [description] = jsonLines(stdout)
    expect(description).toMatchObject({
      format: 'specstar',
      models: {
        character: { resources: 47, revisions: 138 },
        guild: { resources: 12, revisions: 39 },
        item: { resources: 60, revisions: 134 },
      },
      blobs: { count: 78 },
      read: { size: 1836040 },
    })
    expect(Object.keys(description as object).at(-1)).toBe('read')
  })

  it('lists the resources of a model in the same order for an archive and for a stream', async () => {
    const [archive, stream] = [await cli(['ls', CATALOGUE, 'guild']), await cli(['ls', STREAM, 'guild'])]
    expect(archive.code).toBe(0)
    expect(archive.stdout.split('\n').slice(0, 4)).toEqual([
      'UPDATED               REVISIONS  RESOURCE',
      '2026-06-11 11:03:00Z          2  guild:9a2f79e6-0b1a-4bce-901b-a04516f81cdd',
      '2026-07-22 08:36:00Z          7  guild:étoile',
      '2026-06-01 23:57:00Z          1  guild-iron deleted',
    ])
    expect(stream.stdout).toBe(archive.stdout)
    const lines = jsonLines((await cli(['ls', CATALOGUE, 'guild', '--json'])).stdout)
    expect(lines).toHaveLength(12)
    expect(lines[2]).toEqual({
      resource_id: 'guild-iron',
      revisions: 1,
      current_revision_id: 'guild-iron:1',
      updated_time: '2026-06-01T23:57:00.000001Z',
      updated_by: 'carol@example.com',
      is_deleted: true,
    })
  })

  it('says which models the archive has if it lacks the model', async () => {
    for (const archive of [CATALOGUE, STREAM])
      expect(await cli(['ls', archive, 'planet'])).toEqual({
        code: 2,
        stdout: '',
        stderr: 'error: the archive has no model planet; its models are: character, guild, item\n',
      })
  })

  it('quotes ids that could control the terminal', async () => {
    const archive = await writeArchive({
      models: { city: [{ id: 'a\u009b31m', revisions: [{ n: 1, data: '{}' }] }] },
    })
    const { stdout } = await cli(['ls', await saved('control.acbak', archive), 'city'])
    expect(stdout).toContain('  "a\\u009b31m"\n')
  })
})

describe('specstar-backup cat', () => {
  const document = async (...args: string[]): Promise<unknown> => {
    const { code, stdout } = await cli(['cat', ...args])
    expect(code).toBe(0)
    return JSON.parse(stdout)
  }

  it('prints every resource of an archive with all revisions', async () => {
    const listed = jsonLines((await cli(['ls', CATALOGUE, 'item', '--json'])).stdout)
    for (const line of listed.slice(0, 20)) {
      const { resource_id, revisions } = line as { resource_id: string; revisions: number }
      const printed = await document(CATALOGUE, `item/${resource_id}`)
      expect(printed).toMatchObject({ model: 'item', resource_id, metadata: { resource_id } })
      expect((printed as { revisions: unknown[] }).revisions).toHaveLength(revisions)
    }
  })

  it('prints the same payloads from an archive and from a stream', async () => {
    for (const resource of [
      'guild/guild:étoile',
      'character/hero-0002',
      'item/item:34bd7681-7671-49bf-be0d-6a8a36a1b05d',
    ]) {
      const [archive, stream] = [await document(CATALOGUE, resource), await document(STREAM, resource)]
      const payloads = (value: unknown) =>
        (value as { revisions: { revision_id: string; payload: unknown }[] }).revisions.map(
          ({ revision_id, payload }) => [revision_id, payload],
        )
      expect(payloads(stream)).toEqual(payloads(archive))
    }
  })

  it('reads spilled payloads', async () => {
    const { revisions } = (await document(CATALOGUE, 'item/item-large-a')) as { revisions: { payload: object }[] }
    expect(JSON.stringify(revisions[0]?.payload).length).toBeGreaterThan(300_000)
  })

  it('prints one revision, or says that it does not exist', async () => {
    const printed = await document(CATALOGUE, 'guild/guild:étoile', '--revision', 'guild:étoile:3')
    expect((printed as { revisions: unknown[] }).revisions).toMatchObject([{ revision_id: 'guild:étoile:3' }])
    expect(await cli(['cat', CATALOGUE, 'guild/guild:étoile', '--revision', 'x'])).toMatchObject({
      code: 2,
      stderr: 'error: resource guild/guild:étoile has no revision "x"\n',
    })
  })

  it('prints one line with --json, whose last member is what was read', async () => {
    const { stdout, stderr } = await cli(['cat', CATALOGUE, 'guild/guild-iron', '--json'])
    const [printed] = jsonLines(stdout)
    expect(stderr).toBe('')
    expect(Object.keys(printed as object)).toEqual(['model', 'resource_id', 'metadata', 'revisions', 'read'])
    expect(printed).toMatchObject({ read: { size: 1355264, requests: 4 } })
  })

  it.each([CATALOGUE, STREAM])('writes the bytes of a blob of %s', async (archive) => {
    const blob = (name: string) => cli(['cat', archive, '--blob', name])
    const { code, stdout } = await blob('fb90230e6e30ea3fc1f465fa839e7152')
    expect({ code, sha256: hash('sha256', stdout) }).toEqual({
      code: 0,
      sha256: '86e1deac3f3643b11dc0d0c695b66e95169e23f23d3419fcded53b70242ed816',
    })
    expect(await blob('none')).toMatchObject({
      code: 2,
      stderr: 'error: blob "none": the archive does not contain it\n',
    })
  })

  it('says what is missing, and what it has read to find this out', async () => {
    const { code, stdout, stderr } = await cli(['cat', CATALOGUE, 'guild/none'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const listed = await saved('missing.acbak', craftRecords({ manifest: { missing_blobs: ['b'], complete: false } }))
    expect(await cli(['cat', listed, '--blob', 'b'])).toMatchObject({
      code: 2,
      stderr:
        'error: blob "b": the archive does not contain it, because the export could not read it ' +
        '(missing_blobs lists it)\n',
    })
    expect(stderr).toMatch(/^error: the archive contains no resource guild\/none\. Read .* requests\.\n$/)
    expect(await cli(['cat', CATALOGUE, 'planet/none'])).toMatchObject({
      code: 2,
      stderr: 'error: the archive has no model planet; its models are: character, guild, item\n',
    })
  })

  it.each([
    [['x.acbak'], 'pass either MODEL/ID or --blob'],
    [['x.acbak', 'a/b', '--blob', 'c'], 'pass either MODEL/ID or --blob'],
    [['x.acbak', 'ab'], '"ab" must be MODEL/ID, for example country/country:TW'],
    [['x.acbak', 'a/'], '"a/" must be MODEL/ID'],
    [['x.acbak', '--blob', 'c', '--json'], '--blob: writes the bytes of the blob'],
    [['x.acbak', '--blob', 'c', '--revision', 'r'], '--blob: writes the bytes of the blob'],
  ])('rejects the arguments %j', async (args, message) => {
    const { code, stderr } = await cli(['cat', ...args])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('fails if the chunk of the resource is damaged, with its offset, but not if another chunk is', async () => {
    const bytes = await readFile(CATALOGUE)
    const { segments } = await openArchive(memorySource(bytes))
    const own = segments.find(({ model }) => model === 'guild')
    const start = (own?.offset ?? 0) + 512
    bytes[start + 3] = (bytes[start + 3] ?? 0) ^ 1
    const path = await saved('damaged.acbak', bytes)
    const damaged = await cli(['cat', path, 'guild/guild-iron'])
    expect(damaged).toMatchObject({ code: 4, stdout: '' })
    expect(damaged.stderr).toMatch(
      new RegExp(`^error: \\S+: entry models/guild/\\S+ is corrupt: .* \\(at byte ${start} of the archive\\)`),
    )
    expect(await cli(['cat', path, 'character/hero-0002'])).toMatchObject({ code: 0 })
  })

  it('prints nothing if the resource has no such revision', async () => {
    for (const more of [[], ['--json']])
      expect(await cli(['cat', CATALOGUE, 'guild/guild-iron', '--revision', 'none', ...more])).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining('has no revision') as string,
      })
  })

  it('prints the sound revisions of a resource, and then fails because of an invalid one', async () => {
    const { metadata, revisions } = itemsOf('city', {
      id: 'a',
      revisions: [
        { n: 1, data: '{}' },
        { n: 2, data: '{}' },
      ],
    })
    const [first = {}, second = {}] = revisions
    const invalid = { ...second, revision_id: { S: 'another' } }
    const path = await saved('invalid.acbak', craftItems('city', [[metadata, first, invalid]]))
    const { code, stdout, stderr } = await cli(['cat', path, 'city/a'])
    expect(code).toBe(4)
    expect(JSON.parse(stdout)).toMatchObject({ resource_id: 'a', revisions: [{ revision_id: 'a:1' }] })
    expect(stderr).toMatch(
      /^error: the archive is invalid: resource city\/a cannot be read: sk is .* \(line 3 of entry models\/city\/s-00000/,
    )
    const listed = await cli(['ls', path, 'city'])
    expect(listed.code).toBe(3)
    expect(listed.stderr).toContain('resource a of model city cannot be read: sk is ')
    expect((await cli(['verify', path])).code).toBe(4)
  })
})
