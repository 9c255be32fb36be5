import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { buildStream } from '../../specstar/build-stream.ts'

const run = promisify(execFile)
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const models = (...args: string[]) => run(process.execPath, [path('../../../functions/cli/models.ts'), ...args])

describe('npm run models', () => {
  it('prints the models of an archive as JSON', async () => {
    const { stdout, stderr } = await models(path('../../fixtures/acbak/catalogue-v3.acbak'))
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['character', 'guild', 'item'])
    expect(stderr).toBe('')
  })

  it('writes a new file with the models, which the registry accepts, and replaces no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'specstar-models-'))
    try {
      const file = join(folder, 'models.json')
      const archive = path('../../fixtures/specstar/catalogue.acbak')
      expect(await models(archive, '--output', file)).toEqual({ stdout: '', stderr: '' })
      expect((await loadModelsFile(file)).names).toEqual(['character', 'guild', 'item'])
      const text = await readFile(file, 'utf8')
      await expect(models(archive, '-o', file)).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: `models: ${file} exists already; delete it or choose another file\n`,
      })
      expect(await readFile(file, 'utf8')).toBe(text)
      await expect(models(archive, '-o', join(folder, 'no', 'folder'))).rejects.toMatchObject({ code: 1, stdout: '' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('warns if npm has written its own lines to stdout', async () => {
    const archive = path('../../fixtures/specstar/guild.acbak')
    const env = { ...process.env, npm_lifecycle_event: 'models', npm_config_loglevel: 'notice' }
    const args = [path('../../../functions/cli/models.ts'), archive]
    const warned = await run(process.execPath, args, { env })
    expect(warned.stderr).toBe(
      'models: npm has written its own lines before the JSON; use --output FILE or npm run -s\n',
    )
    const silent = await run(process.execPath, args, { env: { ...env, npm_config_loglevel: 'silent' } })
    expect(silent).toEqual({ stdout: warned.stdout, stderr: '' })
  })

  it('says what it left out because it cannot be registered', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'specstar-models-'))
    try {
      const archive = join(folder, 'stream.acbak')
      await writeFile(archive, buildStream({ blobs: {}, a: {} }))
      expect(await models(archive)).toEqual({
        stdout: `${JSON.stringify({ a: { indexed: [], references: [] } }, null, 2)}\n`,
        stderr:
          'models: left out, because it cannot be registered: model blobs: SpecStar uses this name for its routes /blobs/…; rename the model\n',
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.each([[[]], [['a.acbak', 'b.acbak']], [['a.acbak', '--output']], [['a.acbak', '--other']]])(
    'prints its usage for the arguments %j',
    async (args) => {
      await expect(models(...args)).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: 'models: usage: npm run models -- FILE.acbak [--output models.json]\n',
      })
    },
  )

  it('reports a file that does not exist in one line', async () => {
    await expect(models('missing.acbak')).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'models: there is no such file: missing.acbak\n',
    })
  })
})
