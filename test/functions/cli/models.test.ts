import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const models = (...args: string[]) => run(process.execPath, [path('../../../functions/cli/models.ts'), ...args])

describe('npm run models', () => {
  it('prints the models of an archive as JSON', async () => {
    const { stdout, stderr } = await models(path('../../fixtures/acbak/catalogue-v3.acbak'))
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['character', 'guild', 'item'])
    expect(stderr).toBe('')
  })

  it.each([[[]], [['a.acbak', 'b.acbak']]])('prints its usage for the arguments %j', async (args) => {
    await expect(models(...args)).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'models: usage: npm run models -- FILE.acbak\n',
    })
  })

  it('reports a file that does not exist in one line', async () => {
    await expect(models('missing.acbak')).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'models: there is no such file: missing.acbak\n',
    })
  })
})
