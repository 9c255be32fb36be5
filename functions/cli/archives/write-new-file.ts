import { writeFile } from 'node:fs/promises'
import { UsageError } from '../usage-error.ts'

/**
 * Writes a new file. Throws `UsageError` if the file exists, because it may contain changes that somebody made by hand.
 */
export const writeNewFile = async (path: string, text: string): Promise<void> => {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw new UsageError(`${path} exists already; delete it or choose another file`, { cause: error })
  }
}
