import { mkdir, readdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeArchive } from '../../../archive/sample.ts'
import { cli } from '../cli-run.ts'
import { CATALOGUE, filesIn, useExtractFolders } from './extract-folders.ts'

const folders = useExtractFolders()

describe('the folder of specstar-backup extract', () => {
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
        const parent = folders.newFolder()
        const target = join(parent, 'target')
        await mkdir(parent)
        const blobs = Object.fromEntries(ids.map((each) => [each, Buffer.from(each)]))
        const archive = await folders.saved(await writeArchive({ models: { CON: [], aux: [] }, blobs }))
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
    const archive = await folders.saved(
      await writeArchive({ models: { nul: ids.map(resource), Nul: ids.map(resource) } }),
    )
    const target = folders.newFolder()
    expect((await cli(['extract', archive, '-o', target])).code).toBe(0)
    const files = await filesIn(target)
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(2 * ids.length + 2)
    expect(await readdir(folders.path)).toContain(target.slice(folders.path.length + 1))
  })

  it('writes files that only the user may read', async () => {
    const target = folders.newFolder()
    await cli(['extract', CATALOGUE, 'guild/guild-iron', '-o', target])
    const modes = await Promise.all(
      ['', 'models/guild', 'models/guild/guild-iron.json', 'blobs.jsonl'].map((path) => stat(join(target, path))),
    )
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700, 0o600, 0o600])
  })

  it('says what to do if a file has the name of the folder', async () => {
    const path = await folders.saved(Buffer.from('x'))
    expect(await cli(['extract', CATALOGUE, '-o', path])).toMatchObject({
      code: 2,
      stderr: `error: ${path} is a file; choose a new folder with --output\nThe option --help describes the arguments and options.\n`,
    })
  })

  it('refuses a folder that is not empty, so it replaces no file and follows no link', async () => {
    const target = folders.newFolder()
    const outside = folders.newFolder()
    await mkdir(target)
    await mkdir(outside)
    await symlink(outside, join(target, 'models'))
    const { code, stderr } = await cli(['extract', CATALOGUE, '-o', target])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: the folder ${target} is not empty; choose a new folder with --output\nThe option --help describes the arguments and options.\n`,
    })
    expect(await readdir(outside)).toEqual([])
  })
})
