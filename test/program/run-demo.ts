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

/** Runs the demo and returns its output and exit status. Expects that it leaves no file in the temporary folder. */
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

/** Runs the whole demo and expects that all of its checks pass with bounded memory. Returns its output. */
export const expectDemoPasses = async (...args: string[]): Promise<string> => {
  const { output, errors, exit } = await runDemo(['--verbose', ...args])
  expect(errors).toBe('')
  expect(output).toContain('✓ the verification of the restore passed')
  expect(output).toContain('✓ exactly one blob differs')
  expect(output).toContain('✓ the store and the archive are identical')
  for (const fact of ['Restored', 'Proved', 'Found', 'Mended']) expect(output).toMatch(new RegExp(`^  ${fact} `, 'm'))
  expect(output, 'colours in a file').not.toContain('\u001b')
  const peaks = [...output.matchAll(/│ (program|dynamodb|s3) +│ +([\d.]+) MiB │/g)]
  expect(peaks).toHaveLength(3)
  for (const [line, , mib] of peaks) expect(Number(mib), line).toBeLessThan(512)
  expect(exit).toEqual([0, null])
  return output
}
