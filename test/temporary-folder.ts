import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/**
 * Creates one folder for all temporary files of a run, and deletes it after the run. Vitest ends its workers without
 * waiting for them, so they cannot delete all of their files. Some of them may still be running when the folder is
 * deleted, so the deletion is repeated if it fails.
 */
const setup = async (): Promise<() => Promise<void>> => {
  const outer = process.env['TMPDIR']
  const folder = await mkdtemp(join(tmpdir(), 'specstar-test-'))
  process.env['TMPDIR'] = folder
  return async () => {
    if (outer === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = outer
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

export default setup
