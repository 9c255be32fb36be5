import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))

it('npm run simulate rejects unknown arguments before it simulates anything', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, '--resources'], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(stdout).toBe('')
  expect(stderr).toContain("simulate: Unknown option '--resources'")
  expect(status).toBe(1)
})
