import { randomBytes } from 'node:crypto'
import { expect, vi } from 'vitest'
import { loadModelsFile } from '../../../shared/resources/models.ts'
import { must } from '../../../shared/values/must.ts'
import type { StoreClients, StoreContents } from '../../contents.ts'
import { buildBlobs, buildResource, combine, sampleStore, writeToStore } from '../../workflows/sample-store.ts'
import { type Answer, DeploymentClient } from './deployment-client.ts'
import { LocalDeployment } from './local-deployment.ts'

export const MIB = 1024 * 1024
export const MODELS = await loadModelsFile(new URL('../../../shared/models.json', import.meta.url))

/** The contents of a store with a blob that is large enough to be copied by S3. */
export const CONTENT = combine(
  sampleStore(MODELS),
  buildBlobs({ anthem: randomBytes(17 * MIB) }),
  buildResource(MODELS, { model: 'memo', id: 'song', payloads: [{ text: 'la', sound: { file_id: 'anthem' } }] }),
)

/** A deployment with a store. Each scenario continues with what the scenarios before it have left there. */
export class DeployedTest {
  #deployment: LocalDeployment | undefined
  #clients: StoreClients | undefined
  #api: DeploymentClient | undefined
  #fullExport: Answer | undefined
  #contents: StoreContents | undefined

  async start(): Promise<void> {
    this.#deployment = await LocalDeployment.start()
    const { dynamo, s3, config } = this.#deployment.servers
    this.#clients = { dynamo, s3, config }
    this.#api = new DeploymentClient(this.#deployment, this.#clients)
    await writeToStore(this.#clients, CONTENT)
  }

  get deployment(): LocalDeployment {
    return must(this.#deployment)
  }

  get clients(): StoreClients {
    return must(this.#clients)
  }

  get api(): DeploymentClient {
    return must(this.#api)
  }

  /** The export of the whole store. */
  get fullExport(): Answer {
    return must(this.#fullExport)
  }

  set fullExport(answer: Answer) {
    this.#fullExport = answer
  }

  /** The contents of the store at the time of the full export. */
  get contents(): StoreContents {
    return must(this.#contents)
  }

  set contents(contents: StoreContents) {
    this.#contents = contents
  }

  /** Expects that the last event is or becomes this event of a job. It is published after the job has ended. */
  expectEvent(job_id: string, DetailType: string, more: object = {}): Promise<void> {
    return vi.waitFor(
      () => {
        expect(this.deployment.aws.events.at(-1)).toMatchObject({ DetailType, Detail: { job_id, ...more } })
      },
      { timeout: 30_000 },
    )
  }
}
