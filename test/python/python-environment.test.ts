import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

describe('a command that needs Python', () => {
  it('says in one sentence that Python is missing, and sets the exit code', () => {
    const module = JSON.stringify(fileURLToPath(new URL('python-environment.ts', import.meta.url)))
    const source = `
      import { pythonWith, runWithRequirements } from ${module}
      await runWithRequirements(() => pythonWith({ command: 'test:x', requirement: 'x==1', folder: 'python-of-no-test' }))
    `
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', source], {
      encoding: 'utf8',
      env: { PATH: '/nonexistent' },
    })
    expect(stderr).toBe('test:x needs python3, version 3.10 or later, but python3 is missing\n')
    expect(status).toBe(1)
  })
})
