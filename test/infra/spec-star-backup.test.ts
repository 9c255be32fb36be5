import { App, type Environment, Stack } from 'aws-cdk-lib'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelsFile } from '../../infra/models-file.ts'
import { SpecStarBackup, type SpecStarBackupProps } from '../../infra/spec-star-backup.ts'
import type { Template } from './deployed/template.ts'

const MODELS = { order: {}, customer: {} }
const SETTINGS = { deployment: 'shop' }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'specstar-construct-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Writes a file and returns its path. */
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

/** Creates the construct in a stack of another app, without the code of the functions. */
const synthesize = (props: SpecStarBackupProps, context: Readonly<Record<string, unknown>> = {}): Template => {
  const app = new App({ outdir: join(folder, 'out'), context: { ...context, 'aws:cdk:bundling-stacks': [] } })
  const stack = new Stack(app, 'Shop')
  new SpecStarBackup(stack, 'Backup', props)
  return app.synth().getStackByName('Shop').template as Template
}

describe('SpecStarBackup', () => {
  it('creates all resources in the stack that contains it, with the id of the construct', () => {
    const { Resources, Outputs } = synthesize({ models: MODELS, settings: SETTINGS })
    const types = new Set(Object.values(Resources).map(({ Type }) => Type))
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::Lambda::Function'])
      expect(types).toContain(type)
    const others = [...Object.keys(Resources), ...Object.keys(Outputs ?? {})].filter((id) => !id.startsWith('Backup'))
    // CDK adds the role of each schedule to the stack itself.
    expect(others.filter((id) => !id.startsWith('SchedulerRoleForTarget'))).toEqual([])
  })

  it.each([{}, { '@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy': true }])(
    'fits into one stack if the context of the app is %j',
    (flags) => {
      const { Resources } = synthesize({ models: MODELS, settings: SETTINGS }, flags)
      expect(Object.keys(Resources).length).toBeLessThan(450)
    },
  )

  it('reads models and settings from files', async () => {
    const models = await file('models.json', JSON.stringify(MODELS))
    const settings = pathToFileURL(await file('settings.json', JSON.stringify(SETTINGS)))
    expect(synthesize({ models, settings })).toEqual(synthesize({ models: MODELS, settings: SETTINGS }))
  })

  it('rejects files that do not exist or contain no JSON', async () => {
    const text = await file('text.json', 'no JSON')
    const missing = join(folder, 'missing.json')
    const marked = await file('marked.json', '\uFEFF{"order":{}}')
    const withModels = (models: string) => () => synthesize({ models, settings: SETTINGS })
    const withSettings = (settings: string) => () => synthesize({ models: MODELS, settings })
    expect(withModels(missing)).toThrow(`${missing}: cannot be read: ENOENT`)
    expect(withModels(text)).toThrow(`${text}: is not JSON`)
    expect(withModels(marked)).toThrow('begins with a byte order mark (BOM): save the file as UTF-8 without BOM')
    expect(withSettings(missing)).toThrow(/missing.json are not valid:\n {2}the file cannot be read: ENOENT/)
    expect(withSettings(text)).toThrow(/text.json are not valid:\n {2}the file is not JSON: /)
  })

  it('names the file, or the property, that contains the invalid value', async () => {
    const models = await file('own.json', '{ "order": { "shards": 3 } }')
    const settings = await file('own-settings.json', '{ "deployment": "Shop" }')
    expect(() => synthesize({ models, settings: SETTINGS })).toThrow(`${models}: model order: shards: 3 is not`)
    const url = pathToFileURL(models)
    expect(() => synthesize({ models: url, settings: SETTINGS })).toThrow(`${models}: model order: shards: 3 is not`)
    const object = { order: { shards: 3 } }
    expect(() => synthesize({ models: object, settings: SETTINGS })).toThrow(/^models: model order: shards: 3 is not/)
    expect(() => synthesize({ models: MODELS, settings })).toThrow(
      `The settings of SpecStar Backup in ${settings} are not valid:\n  deployment: "Shop" must be`,
    )
  })

  it.each<[string, unknown, string]>([
    ['no props', undefined, '  props: is missing; it must be an object with models and settings, such as {'],
    ['props of another type', 'shop', '  props: must be an object with models and settings, such as {'],
    ['no models', { settings: SETTINGS }, 'models: is missing; it must be the path or the URL of a JSON file, or an'],
    ['null as models', { models: null }, 'models: is missing; it must be the path or the URL of a JSON file, or an'],
    ['models of another type', { models: 5 }, 'models: must be the path or the URL of a JSON file, or an object with'],
    ['a list of models', { models: [] }, 'models: must be the path or the URL of a JSON file, or an object with a'],
    ['empty models', { models: {} }, 'models: contains no models; add a member for each model, for example {'],
    ['an empty path', { models: '' }, 'models: cannot be read: ENOENT'],
    ['no settings', { models: MODELS }, '  deployment: is missing; it must be a lower-case letter followed by'],
  ])('rejects %s with a message that says what is allowed', (_, props, message) => {
    expect(() => synthesize(props as SpecStarBackupProps)).toThrow(message)
  })

  it.each<[string, (app: App, stack: Stack) => SpecStarBackup]>([
    ['scope', (app) => new SpecStarBackup(app, 'Backup', { models: MODELS, settings: SETTINGS })],
    [
      'storesScope',
      (app, stack) => new SpecStarBackup(stack, 'Backup', { models: MODELS, settings: SETTINGS, storesScope: app }),
    ],
  ])('rejects an app as %s', (name, create) => {
    const app = new App()
    expect(() => create(app, new Stack(app, 'Shop'))).toThrow(
      `  ${name}: must be a stack, or a construct in a stack, such as new Stack(app, 'Backup')`,
    )
  })

  const withoutBundles = { 'aws:cdk:bundling-stacks': [] }
  const HERE = { account: '111111111111', region: 'eu-west-1' }
  const copyTo = (copy_archives_to: object, env?: Environment) => () =>
    new SpecStarBackup(
      new Stack(new App({ context: withoutBundles }), 'Shop', env === undefined ? {} : { env }),
      'Backup',
      {
        models: MODELS,
        settings: { ...SETTINGS, copy_archives_to } as SpecStarBackupProps['settings'],
      },
    )

  it.each([
    ['archives', 'must not be the archive bucket, because a copy in the same bucket does not protect the archive'],
    ['blobs', 'must not be the bucket with the blobs'],
    ['restores', 'must not be the restore bucket, because every copy would start a restore'],
    ['work', 'must not be the work bucket, because its objects are deleted after 7 days'],
  ])('rejects copies of archives in its own bucket for %s, even if account and region are given', (purpose, reason) => {
    const bucket = `shop-${purpose}-111111111111-eu-west-1`
    for (const given of [{}, { account: HERE.account }, { region: HERE.region }, HERE]) {
      expect(copyTo({ bucket, ...given }, HERE)).toThrow(`  copy_archives_to.bucket: ${reason}`)
      expect(copyTo({ bucket, ...given })).toThrow(`  copy_archives_to.bucket: ${reason}`)
    }
    expect(copyTo({ bucket, ...HERE })).toThrow('or set the property env of the stack')
  })

  it('accepts copies of archives in buckets of a deployment in another account or region', () => {
    const account = '222222222222'
    expect(copyTo({ bucket: `shop-archives-${account}-eu-west-1`, account }, HERE)).not.toThrow()
    const region = 'us-east-1'
    expect(copyTo({ bucket: `shop-archives-${HERE.account}-${region}`, region }, HERE)).not.toThrow()
    expect(copyTo({ bucket: 'copies', ...HERE }, HERE)).not.toThrow()
  })

  it('rejects a file without a model', async () => {
    const models = await file('empty.json', '{ "ignored_key_prefixes": ["cache#"] }')
    expect(() => synthesize({ models, settings: SETTINGS })).toThrow(`${models}: contains no models; add a member`)
  })

  it('requires the account and the region for a key', () => {
    const settings = { ...SETTINGS, encryption: 'kms' } as const
    expect(() => synthesize({ models: MODELS, settings })).toThrow('encryption: "kms" requires an account and a region')
  })
})

describe('two constructs with the same deployment', () => {
  const EUROPE = { account: '111111111111', region: 'eu-west-1' }
  /** Creates one construct in each stack, and returns the warnings of synth. */
  const create = (envs: readonly (Environment | undefined)[], deployments = ['shop', 'shop']): string[] => {
    const app = new App({ outdir: join(folder, 'two'), context: { 'aws:cdk:bundling-stacks': [] } })
    const stacks = envs.map((env, index) => new Stack(app, `Stack${index}`, env === undefined ? {} : { env }))
    for (const [index, deployment] of deployments.entries()) {
      const stack = stacks[index] ?? stacks[0]
      new SpecStarBackup(stack ?? expect.fail(), `Backup${index}`, { models: MODELS, settings: { deployment } })
    }
    return app
      .synth()
      .stacks.flatMap(({ messages }) => messages)
      .flatMap(({ entry }) => (entry.type === 'aws:cdk:warning' && typeof entry.data === 'string' ? [entry.data] : []))
  }
  const SAME =
    '  deployment: "shop" is also the deployment of Stack0/Backup0, in the same account and region, ' +
    'and their tables, buckets and functions would have the same names; set another deployment for one of them'

  it.each<[string, readonly (Environment | undefined)[]]>([
    ['in one stack', [undefined]],
    ['in two stacks of one account and region', [EUROPE, EUROPE]],
  ])('are rejected %s', (_, envs) => {
    expect(() => create(envs)).toThrow(SAME)
  })

  it.each<[string, readonly (Environment | undefined)[]]>([
    ['no stack has an environment', [undefined, undefined]],
    ['one stack has no environment', [EUROPE, undefined]],
    ['both stacks have the same region, and no account', [{ region: 'eu-west-1' }, { region: 'eu-west-1' }]],
  ])('cause a warning if %s', (_, envs) => {
    expect(create(envs)).toEqual([
      expect.stringContaining('deployment: "shop" is also the deployment of Stack0/Backup0. If both are deployed in'),
    ])
  })

  it.each<[string, readonly (Environment | undefined)[]]>([
    ['other regions', [EUROPE, { ...EUROPE, region: 'us-east-1' }]],
    ['other accounts', [EUROPE, { ...EUROPE, account: '222222222222' }]],
    ['other regions of unknown accounts', [{ region: 'eu-west-1' }, { region: 'us-east-1' }]],
  ])('are accepted in %s', (_, envs) => {
    expect(create(envs)).toEqual([])
  })

  it('are accepted in one account and region if the deployments differ', () => {
    expect(create([EUROPE, EUROPE], ['shop', 'test'])).toEqual([])
  })
})

describe('the models of the app', () => {
  it('are those of MODELS_FILE, or of the context "models", or the sample models', () => {
    expect(modelsFile('context.json', { MODELS_FILE: 'own.json' })).toBe('own.json')
    expect(modelsFile('context.json', { MODELS_FILE: '' })).toBe('context.json')
    expect(modelsFile(undefined, {})).toMatch(/shared\/models\.json$/)
    expect(() => modelsFile({}, {})).toThrow('the context "models" of cdk.json must be the path of a file')
  })
})
