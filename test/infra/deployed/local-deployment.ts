import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { FUNCTIONS } from '../../../infra/functions.ts'
import { type Gateway, startGateway } from '../../../infra/local/program/gateway.ts'
import type { LocalHandler } from '../../../infra/local/program/gateway-router.ts'
import { LocalWorkflowEngine, type RunnableWorkflow } from '../../../infra/local/workflows/local-workflow-engine.ts'
import type { Definition, Json } from '../../../functions/workflows/states.ts'
import type { JobKind } from '../../../shared/jobs/workflow-engine.ts'
import { type Config, readConfig } from '../../../shared/runtime/config.ts'
import { startServices, type TestServers } from '../../services.ts'
import { AwsEndpoint } from './aws-endpoint.ts'
import { BundledFunction } from './bundled-function.ts'
import { Intrinsics } from './intrinsics.ts'
import { needsOf } from './needs.ts'
import { type Allowed, allowedBy, matching, type Need } from './policy.ts'
import { bundlesOf, type Resource, type Synthesized, synthesize } from './template.ts'

const Environment = z.object({ Variables: z.record(z.string(), z.unknown()) })

/** The synthesized deployment on this machine: its bundles, state machines and routes, with the local services. */
export class LocalDeployment {
  /** The functions that have been used. Each has a worker thread, which loads its bundle. */
  readonly functions = new Map<string, BundledFunction>()
  readonly servers: TestServers
  readonly aws: AwsEndpoint
  readonly synthesized: Synthesized
  readonly #intrinsics: Intrinsics
  readonly #roles = new Map<string, string>()
  readonly #loaders = new Map<string, () => BundledFunction>()
  readonly #before = new Map<string, () => Promise<unknown>>()
  #gateway: Gateway | undefined

  private constructor(synthesized: Synthesized, servers: TestServers, aws: AwsEndpoint) {
    this.synthesized = synthesized
    this.servers = servers
    this.aws = aws
    this.#intrinsics = new Intrinsics(synthesized.service)
  }

  /** Starts the deployment that `cdk.json` describes. `settings` replaces its settings. */
  static async start(settings?: object): Promise<LocalDeployment> {
    const synthesized = await synthesize({ bundles: true, ...(settings === undefined ? {} : { settings }) })
    const [servers, aws] = await Promise.all([startServices(storesOf(synthesized)), AwsEndpoint.start()])
    const deployment = new LocalDeployment(synthesized, servers, aws)
    await deployment.#prepare()
    const engine = new LocalWorkflowEngine({
      retryMs: 5,
      workflows: {
        export: deployment.#workflow('export'),
        restore: deployment.#workflow('restore'),
        check: deployment.#workflow('check'),
      },
    })
    aws.engine = engine
    const routes = new Map(FUNCTIONS.map(({ file, name }) => [file, name]))
    deployment.#gateway = await startGateway({
      port: 0,
      load: (file) => Promise.resolve(deployment.#route(routes.get(file) ?? '')),
    })
    return deployment
  }

  get url(): string {
    return this.#gateway?.url ?? ''
  }

  function(name: string): BundledFunction {
    const loaded = this.functions.get(name)
    if (loaded !== undefined) return loaded
    const own = this.#loaders.get(name)?.()
    if (own === undefined) throw new Error(`the deployment has no function ${name}`)
    this.functions.set(name, own)
    return own
  }

  /** Runs `work` once, before the next call of a stage. */
  before(stage: string, work: () => Promise<unknown>): void {
    this.#before.set(stage, work)
  }

  /** Waits until the workflow of a job has ended. */
  async ended(jobId: string): Promise<void> {
    await this.aws.engine?.ended(jobId)
  }

  /** The permissions that the calls of a function needed, without duplicates. */
  needs(name: string): Need[] {
    const all = this.function(name).calls.flatMap(needsOf)
    return [...new Map(all.map((need) => [`${need.action} ${need.resource}`, need])).values()]
  }

  /** The permissions of a function's role. */
  allowed(name: string): Allowed[] {
    return this.allowedTo(this.#roles.get(name) ?? '')
  }

  allowedTo(roleId: string): Allowed[] {
    return allowedBy(this.synthesized.service, this.#intrinsics, roleId)
  }

  isAllowed(name: string, need: Need): boolean {
    return matching(this.allowed(name), need).length > 0
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop()
    await this.aws.engine?.close()
    await Promise.all([...this.functions.values()].map((own) => own.stop()))
    await this.aws.stop()
    await this.servers.stop()
    await rm(this.synthesized.outdir, { recursive: true, force: true })
  }

  async #prepare(): Promise<void> {
    const endpoints = await this.#endpoints()
    for (const { id, name, file } of bundlesOf(this.synthesized)) {
      const { Properties = {} } = this.synthesized.service.Resources[id] ?? {}
      const { Variables } = Environment.parse(Properties['Environment'])
      const own = this.#intrinsics.resolve(Variables) as Readonly<Record<string, string>>
      const environment = { ...endpoints, ...own, AWS_LAMBDA_FUNCTION_NAME: name }
      this.#loaders.set(name, () => new BundledFunction(name, join(this.synthesized.outdir, file), environment))
      this.#roles.set(name, roleOf(Properties))
    }
  }

  /** The environment variables that Lambda sets, and the endpoints of the local services. */
  async #endpoints(): Promise<Record<string, string>> {
    const endpointOf = async (client: TestServers['s3'] | TestServers['dynamo']): Promise<string> => {
      const { protocol, hostname, port } = (await client.config.endpoint?.()) ?? {}
      return `${protocol}//${hostname}:${port}`
    }
    return {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_ENDPOINT_URL_DYNAMODB: await endpointOf(this.servers.dynamo),
      AWS_ENDPOINT_URL_S3: await endpointOf(this.servers.s3),
      AWS_ENDPOINT_URL_SFN: this.aws.url,
      AWS_ENDPOINT_URL_STS: this.aws.url,
      AWS_ENDPOINT_URL_EVENTBRIDGE: this.aws.url,
      POWERTOOLS_LOG_LEVEL: 'DEBUG',
    }
  }

  #workflow(kind: JobKind): RunnableWorkflow {
    const resources = Object.values(this.synthesized.service.Resources)
    const machine = resources.find(
      ({ Type, Properties }) =>
        Type === 'AWS::StepFunctions::StateMachine' && Properties['StateMachineName'] === `specstar-${kind}`,
    )
    const text = this.#intrinsics.text(machine?.Properties['DefinitionString'])
    const definition = JSON.parse(text) as Definition
    const handlers = [...this.#loaders.keys()].map((name) => [
      `arn:aws:lambda:us-east-1:000000000000:function:specstar-${name}:1`,
      async (input: Json): Promise<Json> => {
        const before = this.#before.get(name)
        this.#before.delete(name)
        await before?.()
        return (await this.function(name).invoke(input, 900_000)) as Json
      },
    ])
    return { definition, handlers: Object.fromEntries(handlers) as RunnableWorkflow['handlers'] }
  }

  #route(name: string): LocalHandler {
    return (async (event: object) => this.function(name).invoke(event, 29_000)) as LocalHandler
  }
}

/** The tables and buckets, with the names that the functions receive. */
const storesOf = ({ service }: Synthesized): Config => {
  const resource = Object.values(service.Resources).find(({ Type }) => Type === 'AWS::Lambda::Function')
  const { Variables } = Environment.parse(resource?.Properties['Environment'])
  const names = readConfig(new Intrinsics(service).resolve(Variables) as Readonly<Record<string, string>>)
  return { ...readConfig({}), tables: names.tables, buckets: names.buckets }
}

const roleOf = (properties: Resource['Properties']): string => {
  const { 'Fn::GetAtt': [id = ''] = [] } = properties['Role'] as { readonly 'Fn::GetAtt'?: string[] }
  return id
}
