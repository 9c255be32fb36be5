import type * as fsPromises from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as module from '../../../functions/cli/download-file.ts'

const UUID = '00000000-0000-4000-8000-000000000000'
/** The errors of a file system. */
const failures: { link: string | undefined; rename: string | undefined } = { link: undefined, rename: undefined }
let DownloadFile: typeof module.DownloadFile

// Test files share their modules, so the mocks are limited to a copy of the module that only this file uses.
beforeAll(async () => {
  const fs = await vi.importActual<typeof fsPromises>('node:fs/promises')
  const failing =
    (name: keyof typeof failures) =>
    (from: string, to: string): Promise<void> => {
      const code = failures[name]
      return code === undefined ? fs[name](from, to) : Promise.reject(Object.assign(new Error(code), { code }))
    }
  vi.resetModules()
  vi.doMock('node:crypto', () => ({ randomUUID: () => UUID }))
  vi.doMock('node:fs/promises', () => ({ ...fs, link: failing('link'), rename: failing('rename') }))
  ;({ DownloadFile } = await import('../../../functions/cli/download-file.ts'))
  vi.doUnmock('node:crypto')
  vi.doUnmock('node:fs/promises')
  vi.resetModules()
})

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-file-'))
})
afterEach(async () => {
  Object.assign(failures, { link: undefined, rename: undefined })
  await rm(folder, { recursive: true })
})

const target = (): string => join(folder, 'a.acbak')
const written = async (): Promise<module.DownloadFile> => {
  const file = await DownloadFile.create(target())
  await file.writeAll(
    (async function* () {
      yield await Promise.resolve(Buffer.from('archive'))
    })(),
  )
  return file
}

describe('DownloadFile', () => {
  it('does not follow a link that has the name of the incomplete file', async () => {
    const secret = join(folder, 'secret')
    await writeFile(secret, 'mine')
    await symlink(secret, join(folder, `.${UUID}.partial`))
    await expect(DownloadFile.create(target())).rejects.toThrow('cannot be written: EEXIST')
    expect(await readFile(secret, 'utf8')).toBe('mine')
  })

  it('gives the file its name on a file system without links', async () => {
    failures.link = 'ENOTSUP'
    const file = await written()
    await file.complete('archive'.length)
    await file.discard()
    expect(await readdir(folder)).toEqual(['a.acbak'])
    expect(await readFile(target(), 'utf8')).toBe('archive')
  })

  it('leaves no file if it cannot give the file its name', async () => {
    Object.assign(failures, { link: 'ENOTSUP', rename: 'EIO' })
    const file = await written()
    await expect(file.complete('archive'.length)).rejects.toThrow('EIO')
    await file.discard()
    expect(await readdir(folder)).toEqual([])
  })
})
