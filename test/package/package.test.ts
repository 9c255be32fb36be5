import { glob, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { FUNCTIONS } from '../../infra/functions.ts'
import { RunningProgram } from '../program/running-program.ts'
import { ConsumerProject, ROOT } from './consumer-project.ts'

const MODELS = { order: { indexed: ['customer'], shards: 4 }, customer: {} }
const SETTINGS = {
  deployment: 'shop',
  schedules: [{ name: 'weekly', rate: '7 days', models: ['order'], keep_days: 60 }],
}

/** One stack with everything. The models and the settings are in JSON files. */
const JAVASCRIPT = `
import { App, Stack } from 'aws-cdk-lib'
import { SpecStarBackup } from 'specstar-backup'
const stack = new Stack(new App(), 'Shop')
new SpecStarBackup(stack, 'Backup', { models: 'models.json', settings: new URL('settings.json', import.meta.url) })
`

/** Two stacks. The models and the settings are in the program, and TypeScript checks the settings. */
const TYPESCRIPT = `
import { App, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { type SettingsInput, SpecStarBackup } from 'specstar-backup'
const settings: SettingsInput = { deployment: 'shop', encryption: 'kms', retention: { log_days: 30 } }
// @ts-expect-error The name of the deployment is missing.
export const invalid: SettingsInput = {}
class ShopBackup extends Stack {
  constructor(app: App, id: string, props: StackProps) {
    super(app, id, props)
    const storesScope = new Stack(app, 'ShopData', props)
    const backup = new SpecStarBackup(this, 'Backup', { models: ${JSON.stringify(MODELS)}, settings, storesScope })
    new CfnOutput(this, 'Url', { value: backup.api.apiEndpoint })
  }
}
new ShopBackup(new App(), 'ShopBackup', { env: { account: '111111111111', region: 'eu-west-1' } })
`

/** A client of the HTTP API. */
const CLIENT = `
import type { Job, Operations } from 'specstar-backup/api'
export type Jobs = Operations['GET /_backup/jobs']['responses'][200]
export const urlOf = (job: Job): string => (job.kind === 'export' ? (job.result?.url ?? '') : job.links.self)
export const running: Jobs['jobs'][number]['status'] = 'running'
// @ts-expect-error No job has this status.
export const unknown: Job['status'] = 'done'
`

const COMMONJS = `
const { App, Stack } = require('aws-cdk-lib')
const { SpecStarBackup } = require('specstar-backup')
new SpecStarBackup(new Stack(new App(), 'Shop'), 'Backup', { models: { order: {} }, settings: { deployment: 'shop' } })
`

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  },
  files: ['app.ts', 'client.ts'],
}

const Template = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).optional() }),
  ),
})
const Code = z.object({ S3Key: z.string() })

let project: ConsumerProject
beforeAll(async () => {
  project = await ConsumerProject.create()
  await project.write('models.json', JSON.stringify(MODELS))
  await project.write('settings.json', JSON.stringify(SETTINGS))
}, 180_000)
afterAll(() => project.remove())

const resourcesOf = async (out: string, stack: string) =>
  Object.values(Template.parse(JSON.parse(await project.read(`${out}/${stack}.template.json`))).Resources)
const countOf = (resources: readonly { readonly Type: string }[], type: string): number =>
  resources.filter(({ Type }) => Type === type).length

/** The folders with the code of the functions, relative to the project. */
const codeOf = async (out: string, stack: string): Promise<string[]> =>
  (await resourcesOf(out, stack))
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => `${out}/asset.${Code.parse(Properties?.['Code']).S3Key.replace('.zip', '')}`)

describe('the tarball', () => {
  it('contains the built construct, its types, documents and licences, and nothing else', async () => {
    const documents = await Array.fromAsync(glob('{*,{functions,infra,shared,test}/**/*}.md', { cwd: ROOT }))
    expect([...project.tarball.files].sort()).toEqual(
      [
        'LICENSE',
        'dist/THIRD-PARTY-LICENCES.txt',
        'dist/bundles.json.br',
        'dist/cli.js',
        'dist/index.js',
        'dist/types/api.d.ts',
        'dist/types/infra/function-code.d.ts',
        'dist/types/infra/index.d.ts',
        'dist/types/infra/names.d.ts',
        'dist/types/infra/settings-input.d.ts',
        'dist/types/infra/spec-star-backup.d.ts',
        'functions/page/pictures/archives-dark.webp',
        'functions/page/pictures/differences.webp',
        'functions/page/pictures/failed-restore.webp',
        'functions/page/pictures/failed-verification.webp',
        'functions/page/pictures/narrow.webp',
        'functions/page/pictures/overview.webp',
        'infra/local/demo/demo.svg',
        'package.json',
        'test/bench/measured/memory.svg',
        'test/bench/measured/throughput.svg',
        ...documents,
      ].sort(),
    )
  })

  it('contains no paths of the machine on which it was built, and no sample models', async () => {
    const installed = join(project.folder, 'node_modules/specstar-backup')
    for (const file of project.tarball.files) {
      const bytes = await readFile(join(installed, file))
      const text = (file.endsWith('.br') ? brotliDecompressSync(bytes) : bytes).toString()
      expect(text.includes(ROOT)).toBe(false)
      if (file.startsWith('dist/')) expect(text.includes('subregion')).toBe(false)
    }
  })

  it('installs no packages except the peers', async () => {
    const installed = await readdir(join(project.folder, 'node_modules'))
    expect(installed).not.toContain('zod')
    expect(installed.filter((name) => name.startsWith('node-'))).toEqual([])
  })
})

describe('a CDK app that has installed the tarball', () => {
  it('creates everything in its own stack, with the models of its own file', async () => {
    await project.write('app.js', JAVASCRIPT)
    await project.synth('app.js', 'one-stack')
    const resources = await resourcesOf('one-stack', 'Shop')
    expect(countOf(resources, 'AWS::DynamoDB::GlobalTable')).toBe(2)
    expect(countOf(resources, 'AWS::S3::Bucket')).toBe(4)
    expect(countOf(resources, 'AWS::StepFunctions::StateMachine')).toBe(3)
    expect(countOf(resources, 'AWS::ApiGatewayV2::Api')).toBe(1)
    const schedules = resources.filter(({ Type }) => Type === 'AWS::Scheduler::Schedule')
    expect(schedules.map(({ Properties }) => Properties?.['Name'])).toContain('weekly')
    expect(schedules.map(({ Properties }) => Properties?.['ScheduleExpression'])).toContain('rate(7 days)')

    const folders = await codeOf('one-stack', 'Shop')
    expect(folders).toHaveLength(FUNCTIONS.length)
    const withPage: string[] = []
    for (const folder of folders) {
      const files = (await readdir(join(project.folder, folder))).sort()
      if (files.includes('page.json')) withPage.push(folder)
      expect(files.filter((file) => file !== 'page.json')).toEqual(['index.mjs', 'index.mjs.map', 'models.json'])
      expect(JSON.parse(await project.read(`${folder}/models.json`))).toEqual(MODELS)
    }
    expect(withPage).toHaveLength(FUNCTIONS.filter((one) => one.servesPage === true).length)
    const loaded = `import('./${folders[0] ?? ''}/index.mjs').then(({ handler }) => console.log(typeof handler))`
    expect(await project.run('node', '-e', loaded)).toBe('function\n')
  })

  it('can be written in TypeScript, with a client of the API, and can keep the data in another stack', async () => {
    await project.write('app.ts', TYPESCRIPT)
    await project.write('client.ts', CLIENT)
    await project.write('tsconfig.json', JSON.stringify(TSCONFIG))
    await project.run('node', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')
    await project.synth('app.ts', 'two-stacks')
    const [data, service] = [await resourcesOf('two-stacks', 'ShopData'), await resourcesOf('two-stacks', 'ShopBackup')]
    expect(countOf(data, 'AWS::S3::Bucket')).toBe(4)
    expect(countOf(data, 'AWS::KMS::Key')).toBe(1)
    expect(countOf(service, 'AWS::S3::Bucket')).toBe(0)
    expect(countOf(service, 'AWS::Lambda::Function')).toBe(FUNCTIONS.length)
  })

  it('can be a CommonJS module', async () => {
    await project.write('app.cjs', COMMONJS)
    await project.synth('app.cjs', 'commonjs')
    expect(await codeOf('commonjs', 'Shop')).toHaveLength(FUNCTIONS.length)
  })

  it('prints each wrong setting and each wrong model', async () => {
    await project.write('settings.json', JSON.stringify({ ...SETTINGS, encryption: 'none' }))
    await expect(project.run('node', 'app.js')).rejects.toThrow('encryption: "none" must be "kms" or "s3"')
    await project.write('models.json', JSON.stringify({ order: { shards: 3 } }))
    await expect(project.run('node', 'app.js')).rejects.toThrow('model order: shards: 3 is not a power of two')
  })
})

describe('the command of the tarball', () => {
  const command = 'node_modules/.bin/specstar-backup'
  let empty: ConsumerProject
  let program: RunningProgram

  beforeAll(async () => {
    empty = await ConsumerProject.createEmpty(project.tarball)
    program = new RunningProgram(join(empty.folder, 'data'))
  }, 120_000)
  afterAll(async () => {
    await program.kill('SIGTERM')
    await empty.remove()
  })

  it('prints its help in a folder with no other package', async () => {
    expect(await readdir(join(empty.folder, 'node_modules'))).toEqual(['.bin', '.package-lock.json', 'specstar-backup'])
    expect(await empty.run(command, '--help')).toContain('Usage: specstar-backup [options] [command]')
  })

  it('exports from a running program and restores the archive', async () => {
    const endpoint = ['--endpoint', await program.ready()]
    await empty.run(command, 'export', '--output', 'backup.acbak', ...endpoint)
    const restored = await empty.run(command, 'restore', 'backup.acbak', '--dry-run', '--json', ...endpoint)
    expect(JSON.parse(restored)).toMatchObject({ kind: 'restore', status: 'succeeded', result: { dry_run: true } })
  })
})
