import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import type { Limits } from '../../../shared/jobs/limits.ts'

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url))
/** Everything that `cdk synth` reads. Packages are found in the project, because the copy is in a folder of it. */
const PARTS = ['shared', 'functions', 'infra', 'cdk.json', 'package.json', 'tsconfig.json']
const LIMITS = 'shared/jobs/limits.ts'

const CdkJson = z.looseObject({ context: z.looseObject({ specstar: z.unknown() }) })

/** A copy of the CDK app and of all functions. Its settings and limits can be changed without touching the project. */
export class AppCopy {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  static async create(folder: string): Promise<AppCopy> {
    await mkdir(folder, { recursive: true })
    for (const part of PARTS) await cp(join(PROJECT, part), join(folder, part), { recursive: true })
    return new AppCopy(folder)
  }

  /** Replaces the settings in `cdk.json`. */
  async writeSettings(specstar: object): Promise<void> {
    const file = join(this.folder, 'cdk.json')
    const { context, ...rest } = CdkJson.parse(JSON.parse(await readFile(file, 'utf8')))
    await writeFile(file, JSON.stringify({ ...rest, context: { ...context, specstar } }))
  }

  /** Changes limits in the code of the functions. */
  async writeLimits(limits: Partial<Limits>): Promise<void> {
    const file = join(this.folder, LIMITS)
    let code = await readFile(file, 'utf8')
    for (const [name, value] of Object.entries(limits)) {
      const line = new RegExp(`^  ${name}: .*,$`, 'm')
      if (!line.test(code)) throw new Error(`${LIMITS} contains no limit ${name}`)
      code = code.replace(line, `  ${name}: ${value},`)
    }
    await writeFile(file, code)
  }
}
