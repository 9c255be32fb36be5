import { App, type Environment } from 'aws-cdk-lib'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod'
import { createStacks } from '../../../infra/app.ts'

export interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
  readonly Metadata?: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs?: Readonly<Record<string, unknown>>
}
export interface Synthesized {
  readonly outdir: string
  readonly data: Template
  readonly service: Template
  /** The warnings that `cdk synth` prints. */
  readonly warnings: readonly string[]
}

/** The bundles of all functions, with their files relative to `outdir`. */
export const bundlesOf = ({
  service,
}: Synthesized): { readonly name: string; readonly file: string; readonly id: string }[] =>
  Object.entries(service.Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([id, { Properties }]) => {
      // The names of the folder and of the uploaded object both contain the hash of the bundle.
      const { S3Key } = Properties['Code'] as { readonly S3Key: string }
      const name = String(Properties['FunctionName']).replace(/^specstar-/, '')
      return { id, name, file: `asset.${S3Key.replace(/\.zip$/, '')}/index.mjs` }
    })

const Message = z.object({ level: z.enum(['info', 'warning']), entry: z.object({ data: z.string() }) })
const Cdk = z.object({ context: z.record(z.string(), z.unknown()) })

/**
 * Synthesizes the deployment that `cdk.json` describes.
 * `settings` replaces its settings, and `bundles` includes the code of the functions.
 */
export const synthesize = async ({
  settings,
  bundles = false,
  env,
}: { settings?: object; bundles?: boolean; env?: Environment } = {}): Promise<Synthesized> => {
  const { context } = Cdk.parse(JSON.parse(await readFile(new URL('../../../cdk.json', import.meta.url), 'utf8')))
  const outdir = await mkdtemp(join(tmpdir(), 'specstar-cdk-'))
  const app = new App({
    outdir,
    context: {
      ...context,
      ...(settings === undefined ? {} : { specstar: settings }),
      ...(bundles ? {} : { 'aws:cdk:bundling-stacks': [] }),
    },
  })
  const { data, service } = createStacks(app, env ?? {})
  const assembly = app.synth()
  const templateOf = (name: string): Template => assembly.getStackByName(name).template as Template
  const warnings = assembly.stacks
    .flatMap((stack) => stack.messages)
    .flatMap((message) => {
      const { data } = Message.safeParse(message)
      return data?.level === 'warning' ? [data.entry.data] : []
    })
  return {
    outdir,
    data: templateOf(data.stackName),
    service: templateOf(service.stackName),
    warnings,
  }
}
