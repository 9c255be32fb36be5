import { readFileSync } from 'node:fs'
import * as z from 'zod'

const Package = z.object({ name: z.literal('specstar-backup'), version: z.string() })

/** The command is at `dist/cli.js` of the package, or at `functions/cli/` of the repository. */
const CANDIDATES = ['../package.json', '../../package.json']

/** Returns the version in the `package.json` of this command. */
export const commandVersion = (): string => {
  for (const path of CANDIDATES) {
    try {
      const { data } = Package.safeParse(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')))
      if (data !== undefined) return data.version
    } catch {
      // The other candidate, or none.
    }
  }
  return 'unknown'
}
