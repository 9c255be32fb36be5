import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { buildStream } from '../../specstar/build-stream.ts'
import { cli, jsonLines } from './cli-run.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const ARCHIVE = path('../../fixtures/acbak/catalogue-v3.acbak')
const propose = (...args: string[]) => cli(['models', 'propose', ...args])

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-models-'))
})

afterAll(() => rm(folder, { recursive: true }))

describe('specstar-backup models propose', () => {
  it('prints the models of an archive as JSON, and nothing else', async () => {
    const { code, stdout, stderr } = await propose(ARCHIVE)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['character', 'guild', 'item'])
  })

  it('writes a new file with the models, which the registry accepts, and replaces no file', async () => {
    const file = join(folder, 'models.json')
    const archive = path('../../fixtures/specstar/catalogue.acbak')
    const stderr = `Wrote the registry of 3 models to ${file}\n`
    expect(await propose(archive, '--output', file)).toEqual({ code: 0, stdout: '', stderr })
    expect((await loadModelsFile(file)).names).toEqual(['character', 'guild', 'item'])
    const text = await readFile(file, 'utf8')
    expect(await propose(archive, '-o', file)).toEqual({
      code: 2,
      stdout: '',
      stderr: `error: ${file} exists already; delete it or choose another file\nThe option --help describes the arguments and options.\n`,
    })
    expect(await readFile(file, 'utf8')).toBe(text)
    expect(await propose(archive, '-o', join(folder, 'no', 'folder'))).toMatchObject({ code: 1, stdout: '' })
  })

  it('names a file that is no archive', async () => {
    const file = join(folder, 'text.acbak')
    await writeFile(file, 'hello')
    const { code, stdout, stderr } = await propose(file)
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toMatch(`error: ${file}: not an .acbak archive: the file is text`)
  })

  it('says what it left out because it cannot be registered', async () => {
    const archive = join(folder, 'stream.acbak')
    await writeFile(archive, buildStream({ blobs: {}, a: {} }))
    const reason = 'model blobs: SpecStar uses this name for its routes /blobs/…; rename the model'
    expect(await propose(archive)).toEqual({
      code: 0,
      stdout: `${JSON.stringify({ a: { indexed: [], references: [] } }, null, 2)}\n`,
      stderr: `left out, because it cannot be registered: ${reason}\n`,
    })
    const { stdout, stderr } = await propose(archive, '--json')
    expect(stderr).toBe('')
    expect(jsonLines(stdout)).toEqual([
      {
        models: { a: { indexed: [], references: [] } },
        left_out: [reason],
        read: { bytes: expect.any(Number) as number, size: expect.any(Number) as number, requests: 4 },
      },
    ])
  })

  it.each([[[]], [['a.acbak', 'b.acbak']], [['a.acbak', '--output']], [['a.acbak', '--other']]])(
    'rejects the arguments %j',
    async (args) => {
      expect(await propose(...args)).toMatchObject({ code: 2, stdout: '' })
    },
  )

  it('reports a file that does not exist in one line', async () => {
    expect(await propose('missing.acbak')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: there is no such file: missing.acbak\n',
    })
  })
})

describe('npm run models', () => {
  const run = promisify(execFile)

  it('is this command, and warns if npm has written its own lines to stdout', async () => {
    const { scripts } = JSON.parse(await readFile(path('../../../package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const [command, ...args] = (scripts['models'] ?? '').split(' ')
    expect(command).toBe('node')
    const env = { ...process.env, npm_lifecycle_event: 'models', npm_config_loglevel: 'notice' }
    const options = { cwd: path('../../..'), env }
    const warned = await run(process.execPath, [...args, ARCHIVE], options)
    expect(warned.stderr).toBe('npm has written its own lines before the JSON; use --output FILE or npm run -s\n')
    const silent = await run(process.execPath, [...args, ARCHIVE], {
      ...options,
      env: { ...env, npm_config_loglevel: 'silent' },
    })
    expect(silent).toEqual({ stdout: warned.stdout, stderr: '' })
  })
})

describe('specstar-backup models check', () => {
  it('prints the models of a valid registry', async () => {
    const file = join(folder, 'valid.json')
    await writeFile(file, '{"city":{"indexed":["name"],"shards":4,"blobs":["flag"]},"person":{}}')
    expect(await cli(['models', 'check', file])).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'MODEL   INDEXED  REFERENCES  SHARDS  BLOBS',
        'city          1           0       4  1 path',
        'person        0           0      16  by shape',
        '',
      ].join('\n'),
    })
  })

  it('prints all errors of an invalid registry, and exits with 4', async () => {
    const file = join(folder, 'invalid.json')
    await writeFile(file, '{"city":{"indexd":[]},"1":{"shards":3}}')
    const { code, stdout } = await cli(['models', 'check', file, '--json'])
    expect(code).toBe(4)
    const [result] = jsonLines(stdout)
    expect(result).toMatchObject({ valid: false })
    const text = await cli(['models', 'check', file])
    expect(text.code).toBe(4)
    for (const finding of (result as { findings: string[] }).findings) expect(text.stdout).toContain(`  ${finding}\n`)
    await writeFile(file, 'no JSON')
    expect(await cli(['models', 'check', file])).toMatchObject({ code: 4 })
  })

  it('reports a file that does not exist as wrong usage', async () => {
    const file = join(folder, 'missing.json')
    const { code, stdout, stderr } = await cli(['models', 'check', file, '--json'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(jsonLines(stderr)).toMatchObject([
      { error: { type: 'usage', detail: `file: "${file}" does not exist; use the path of a model registry` } },
    ])
  })
})
