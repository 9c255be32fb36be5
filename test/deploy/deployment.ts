import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { stackNames } from '../../infra/names.ts'
import type { JobKind } from '../../shared/jobs/workflow-engine.ts'
import type { StoreClients } from '../contents.ts'
import { ApiClient } from './api-client.ts'
import { Scheduler } from './aws/scheduler.ts'
import { SignedRequests } from './aws/signed-requests.ts'
import { stackStatus } from './aws/stack-status.ts'
import { storeClients } from './aws/store-clients.ts'
import { WorkflowExecution } from './aws/workflow-execution.ts'
import type { AppCopy } from './cdk/app-copy.ts'
import type { CdkCli } from './cdk/cdk-cli.ts'
import type { AccessKey, EmulatorAddress } from './emulator/emulator.ts'

const OUTPUTS = 'outputs.json'
const Outputs = z.record(z.string(), z.record(z.string(), z.string()))

interface DeploymentProps {
  readonly address: EmulatorAddress
  /** May do everything. The CDK CLI uses this key. */
  readonly administrator: AccessKey
  /** May call the API. */
  readonly operator: AccessKey
  readonly cdk: CdkCli
  readonly app: AppCopy
  /** The setting `deployment` of the app. */
  readonly name: string
  readonly region: string
}

/** One deployment of the app in one region, and access to it from outside. */
export class Deployment {
  readonly name: string
  readonly region: string
  readonly app: AppCopy
  /** Requests of the administrator. */
  readonly requests: SignedRequests
  readonly clients: StoreClients
  readonly scheduler: Scheduler
  readonly #props: DeploymentProps

  constructor(props: DeploymentProps) {
    const { address, administrator, app, name, region } = props
    this.#props = props
    this.name = name
    this.region = region
    this.app = app
    this.requests = new SignedRequests(address, region, administrator)
    this.clients = storeClients(address, { deployment: name, region, key: administrator })
    this.scheduler = new Scheduler(this.requests, name)
  }

  /** Prepares the account and the region for CDK. */
  async bootstrap(): Promise<void> {
    const { address, cdk, app } = this.#props
    // The parent folder contains no `cdk.json`, so the CLI does not run the app.
    await cdk.run(join(app.folder, '..'), this.region, 'bootstrap', `aws://${address.account}/${this.region}`)
  }

  /** Creates the templates and bundles in `cdk.out`. */
  async synthesize(): Promise<void> {
    await this.#run('synth', '--quiet')
  }

  /** Deploys the templates of the last `synthesize`. Throws `CdkError` if CloudFormation fails. */
  async deploySynthesized(): Promise<void> {
    await this.#run('deploy', '--all', '--require-approval', 'never', '--outputs-file', OUTPUTS, '--app', 'cdk.out')
  }

  /** Creates the templates and deploys them. Throws `CdkError` if CloudFormation fails. */
  async deploy(): Promise<void> {
    await this.synthesize()
    await this.deploySynthesized()
  }

  /** Deletes the service stack. */
  async destroy(): Promise<void> {
    await this.#run('destroy', stackNames(this.name).service, '--force', '--app', 'cdk.out')
  }

  /** Returns the status of the service stack in CloudFormation. */
  async serviceStatus(): Promise<string> {
    return stackStatus(this.requests, stackNames(this.name).service)
  }

  /** Returns the API of the last deployment, called by the operator or by another user. */
  async api(key = this.#props.operator): Promise<ApiClient> {
    return new ApiClient(await this.apiUrl(), new SignedRequests(this.#props.address, this.region, key))
  }

  /** Returns the execution that runs the workflow of a job. */
  execution(kind: JobKind, jobId: string): WorkflowExecution {
    const { account } = this.#props.address
    const arn = `arn:aws:states:${this.region}:${account}:execution:${this.name}-${kind}:${jobId}`
    return new WorkflowExecution(this.requests, arn)
  }

  async apiUrl(): Promise<string> {
    return this.#output('ApiUrl')
  }

  async #output(name: string): Promise<string> {
    const outputs = Outputs.parse(JSON.parse(await readFile(join(this.app.folder, OUTPUTS), 'utf8')))
    const value = outputs[stackNames(this.name).service]?.[name]
    if (value === undefined) throw new Error(`the service stack has no output ${name}`)
    return value
  }

  #run(...command: string[]): Promise<string> {
    return this.#props.cdk.run(this.app.folder, this.region, ...command)
  }
}
