import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const DEMO = fileURLToPath(new URL('../../infra/local/demo.ts', import.meta.url))

/** What `npm run demo` wrote and how it ended. Expects that it left nothing in the temporary folder. */
export const runDemo = async (
  args: readonly string[],
  meanwhile: (child: ReturnType<typeof spawn>) => Promise<void> = () => Promise.resolve(),
): Promise<{ readonly output: string; readonly errors: string; readonly exit: unknown }> => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  try {
    const child = spawn(process.execPath, [DEMO, ...args], { env: { ...process.env, TMPDIR: folder }, stdio: 'pipe' })
    const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    await meanwhile(child)
    const [output, errors, exit] = await ended
    expect(await readdir(folder)).toEqual([])
    return { output, errors, exit }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the whole story, and expects that every step of it came out well, in bounded memory. Gives what it wrote. */
export const tellsTheStory = async (...args: string[]): Promise<string> => {
  const { output, errors, exit } = await runDemo(args)
  expect(errors).toBe('')
  expect(output).toContain('✓ verification passed')
  expect(output).toContain('✓ the damaged blob is found')
  expect(output).toContain('✓ nothing differs from the archive')
  const peaks = [...output.matchAll(/│ (main|dynamodb-server|s3-server) +│ +([\d.]+) MiB │/g)]
  expect(peaks).toHaveLength(3)
  for (const [line, , mib] of peaks) expect(Number(mib), line).toBeLessThan(512)
  expect(exit).toEqual([0, null])
  return output
}
