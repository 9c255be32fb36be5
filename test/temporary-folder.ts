import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

/**
 * Makes all temporary files of a run part of one folder, and deletes it after the run. Vitest ends its workers without
 * waiting for them, so they cannot delete all of their files.
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
