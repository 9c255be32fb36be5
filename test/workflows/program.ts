import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Program, startProgram } from '../../infra/local/program/start-program.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import { setServices } from '../../shared/runtime/current-services.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { otherServers } from '../services.ts'
import { ProgramClient } from './program-client.ts'

export type { Answer } from './program-client.ts'

/**
 * An archive that an independent implementation wrote: 47 resources of model `character`, 12 of `guild` and 63 of
 * `item`, with 84 blobs and 1 spilled payload.
 */
export const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../fixtures/acbak/${name}`, import.meta.url))

/** The local program on free ports and in a temporary folder, with clients for tests. */
export class TestProgram extends ProgramClient {
  readonly program: Program
  readonly dir: string

  constructor(program: Program, dir: string) {
    super({ ...program, config: program.services.config })
    this.program = program
    this.dir = dir
  }

  static async start(
    options: { limits?: Partial<Limits>; env?: Record<string, string>; dir?: string } = {},
  ): Promise<TestProgram> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'specstar-test-')))
    const program = await startProgram({
      port: 0,
      s3Port: 0,
      dynamoDbPort: 0,
      dataDir: dir,
      env: options.env ?? otherServers(),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
    return new TestProgram(program, dir)
  }

  /** Replaces the model registry, as a deployment does. The stores and their data stay. */
  async deployModels(models_file: string): Promise<Services> {
    const { config, limits, workflows, clock } = this.program.services
    const parts = { dynamoDb: this.dynamo, s3: this.s3, workflows, limits, clock }
    const services = await makeServices({ config: { ...config, models_file }, ...parts })
    setServices(services)
    return services
  }

  /** Stops the program and starts it again with the same data. */
  async restart(): Promise<TestProgram> {
    await this.program.stop()
    return TestProgram.start({ dir: this.dir })
  }

  async stop(): Promise<void> {
    await this.program.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
