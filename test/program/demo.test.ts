import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const DEMO = fileURLToPath(new URL('../../infra/local/demo.ts', import.meta.url))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('npm run demo', () => {
  it('tells the whole story, with nothing left behind', { timeout: 300_000 }, async () => {
    const child = spawn(process.execPath, [DEMO], { env: { ...process.env, TMPDIR: folder }, stdio: 'pipe' })
    const [output, errors, exit] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    expect(errors).toBe('')
    expect(output).toContain('✓ verification passed')
    expect(output).toContain('✓ the damaged blob is found')
    expect(output).toContain('✓ nothing differs from the archive')
    const peaks = [...output.matchAll(/│ (main|dynamodb-server|s3-server) +│ +([\d.]+) MiB │/g)]
    expect(peaks).toHaveLength(3)
    for (const [line, , mib] of peaks) expect(Number(mib), line).toBeLessThan(512)
    expect(exit).toEqual([0, null])
    expect(await readdir(folder)).toEqual([])
  })

  it('cleans up when it is interrupted', async () => {
    const child = spawn(process.execPath, [DEMO], { env: { ...process.env, TMPDIR: folder }, stdio: 'pipe' })
    const exited = once(child, 'exit')
    child.stderr.resume()
    // By its first line the program runs and the seed has begun.
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    expect(await exited).toEqual([1, null])
    expect(await readdir(folder)).toEqual([])
  })
})
