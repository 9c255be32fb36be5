import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { loadModelsFile, type ModelRegistry } from '../../shared/resources/models.ts'
import { createUser } from './aws/iam.ts'
import { SignedRequests } from './aws/signed-requests.ts'
import { AppCopy } from './cdk/app-copy.ts'
import { CdkCli } from './cdk/cdk-cli.ts'
import { Deployment } from './deployment.ts'
import { Emulator, type EmulatorAddress } from './emulator/emulator.ts'
import { SETTINGS } from './settings.ts'

const FOLDER = fileURLToPath(new URL('../../.local/deploy', import.meta.url))
const STATE = join(FOLDER, 'state.json')
const MODELS = new URL('../../shared/models.json', import.meta.url)
const KEEP = process.env['KEEP_EMULATOR'] !== undefined
/** Small limits, so that the sample data needs distributed maps and several passes. */
const LIMITS = { rangeBytes: 3_000, blobsPerRange: 10, partsPerItem: 1 }

const Key = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })
const State = z.object({
  address: z.object({ port: z.int(), account: z.string(), certificate: z.string(), root: Key }),
  administrator: Key,
  operator: Key,
  reader: Key,
  stranger: Key,
})
type State = z.output<typeof State>

/**
 * The emulator with four users, and the deployments of the test.
 *
 * With the environment variable `KEEP_EMULATOR`, the emulator runs on after the test, and the next test uses it and its
 * deployments again.
 */
export class DeployTest {
  readonly state: State
  readonly models: ModelRegistry
  readonly main: Deployment
  readonly #emulator: Emulator | undefined

  private constructor(state: State, models: ModelRegistry, emulator: Emulator | undefined) {
    this.state = state
    this.models = models
    this.main = this.#deployment(new AppCopy(join(FOLDER, 'app')), 'eu-central-1')
    this.#emulator = emulator
  }

  static async start(): Promise<DeployTest> {
    const models = await loadModelsFile(MODELS)
    if (KEEP && existsSync(STATE))
      return new DeployTest(State.parse(JSON.parse(await readFile(STATE, 'utf8'))), models, undefined)
    await rm(FOLDER, { recursive: true, force: true })
    await mkdir(FOLDER, { recursive: true })
    const emulator = await Emulator.start(FOLDER, { detached: KEEP })
    try {
      const state = await createUsers(emulator.address)
      const test = new DeployTest(state, models, emulator)
      await createApp(test.main.app.folder)
      if (KEEP) await writeFile(STATE, JSON.stringify(state))
      return test
    } catch (error) {
      await emulator.stop()
      throw error
    }
  }

  /** True if an earlier test has already deployed the app. */
  get isDeployed(): boolean {
    return this.#emulator === undefined
  }

  /** Returns a deployment of another copy of the app in another region. */
  async secondDeployment(region: string): Promise<Deployment> {
    const app = await createApp(join(FOLDER, `app-${region}`))
    return this.#deployment(app, region)
  }

  #deployment(app: AppCopy, region: string): Deployment {
    const { address, administrator, operator } = this.state
    const cdk = new CdkCli(address, administrator, join(FOLDER, 'home'))
    return new Deployment({ address, administrator, operator, cdk, app, name: SETTINGS.deployment, region })
  }

  async stop(): Promise<void> {
    if (KEEP) this.#emulator?.leave()
    else await this.#emulator?.stop()
  }
}

const createUsers = async (address: EmulatorAddress): Promise<State> => {
  const root = new SignedRequests(address, 'us-east-1', address.root)
  const mayCall = (routes: string) => [{ Action: 'execute-api:Invoke', Resource: `arn:aws:execute-api:*:*:${routes}` }]
  return {
    address,
    administrator: await createUser(root, 'administrator', [{ Action: '*', Resource: '*' }]),
    operator: await createUser(root, 'operator', mayCall('*')),
    reader: await createUser(root, 'reader', mayCall('*/*/GET/_backup/jobs')),
    stranger: await createUser(root, 'stranger', [{ Action: 's3:ListAllMyBuckets', Resource: '*' }]),
  }
}

const createApp = async (folder: string): Promise<AppCopy> => {
  const app = await AppCopy.create(folder)
  await app.writeSettings(SETTINGS)
  await app.writeLimits(LIMITS)
  return app
}
