import { App } from 'aws-cdk-lib'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { deployment } from '../../../infra/app.ts'

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
}

const Cdk = z.object({ context: z.record(z.string(), z.unknown()) })

/** Synthesizes the deployment that `cdk.json` describes. `settings` stand in for its own; `bundles`: with the functions' code. */
export const synthesize = async ({
  settings,
  bundles = false,
}: { settings?: object; bundles?: boolean } = {}): Promise<Synthesized> => {
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
  const { data, service } = deployment(app)
  const assembly = app.synth()
  const templateOf = (name: string): Template => assembly.getStackByName(name).template as Template
  return { outdir, data: templateOf(data.stackName), service: templateOf(service.stackName) }
}
