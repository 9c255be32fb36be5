import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type DemoProgram, startDemoProgram } from '../../infra/local/demo/demo-program.ts'
import { type LocalStores, openLocalStores } from '../../infra/local/stores/local-stores.ts'
import { findChromium } from './chromium.ts'

/** The screenshots of the last run. */
const SCREENSHOTS = fileURLToPath(new URL('../../.local/page/', import.meta.url))

/** A domain that resolves to 127.0.0.1 in the browser of this test. */
export const REBOUND_HOST = 'rebound.example.com'

/** A job on the shared machine of a test can take longer than a person would wait. */
const PATIENCE_MS = 40_000

/** A running local program, a browser that shows its page, and what went wrong in the browser. */
export class PageTest {
  readonly program: DemoProgram
  readonly stores: LocalStores
  readonly page: Page
  readonly #browser: Browser
  readonly #folder: string
  readonly #errors: string[] = []

  private constructor(parts: {
    readonly program: DemoProgram
    readonly stores: LocalStores
    readonly browser: Browser
    readonly page: Page
    readonly folder: string
  }) {
    this.program = parts.program
    this.stores = parts.stores
    this.page = parts.page
    this.#browser = parts.browser
    this.#folder = parts.folder
    this.watch(parts.page)
  }

  static async start(): Promise<PageTest> {
    const executablePath = findChromium()
    const folder = await mkdtemp(join(tmpdir(), 'page-test-'))
    const program = await startDemoProgram(folder)
    const stores = await openLocalStores(program.env)
    // A container has no user namespaces for the sandbox of Chromium, and its user is root.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const args = [...sandbox, `--host-resolver-rules=MAP ${REBOUND_HOST} 127.0.0.1`]
    const browser = await chromium.launch({ executablePath, args })
    const page = await newPage(browser, {})
    await mkdir(SCREENSHOTS, { recursive: true })
    return new PageTest({ program, stores, browser, page, folder })
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    this.stores.dynamo.destroy()
    this.stores.s3.destroy()
    await this.program.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Opens another page, for example with dark colours or a narrow window. */
  async open(options: BrowserContextOptions): Promise<Page> {
    const page = await newPage(this.#browser, options)
    this.watch(page)
    return page
  }

  /** Opens a page of another site. What it does is not watched. */
  async openForeign(): Promise<Page> {
    return newPage(this.#browser, {})
  }

  /** Collects violations of the content security policy, errors in the console, and requests to other servers. */
  watch(page: Page): void {
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !this.#isExpected(message.text(), message.location().url))
        this.#errors.push(`console: ${message.text()} (${message.location().url})`)
    })
    page.on('pageerror', (error) => {
      this.#errors.push(`exception: ${error.message}`)
    })
    page.on('request', (request) => {
      const isOwn = request.url().startsWith(`${this.program.url}/_backup`) || this.#isImport(request.url())
      // The link to an archive is redirected to S3.
      const isDownload = request.isNavigationRequest() && request.url().startsWith(`${this.s3Url}/`)
      if (!isOwn && !isDownload) this.#errors.push(`request to ${request.url()}`)
    })
  }

  /** The local S3 service. */
  get s3Url(): string {
    return `http://127.0.0.1:${this.program.env['S3_PORT'] ?? ''}`
  }

  /** Returns what went wrong in the browser since the last call. */
  takeErrors(): string[] {
    return this.#errors.splice(0)
  }

  /** Shows a view and waits for its heading and its data. */
  async show(view: string, page = this.page): Promise<void> {
    await page.goto(`${this.program.url}/_backup#/${view}`)
    await page.locator('h1').waitFor()
    await expectSettled(page)
  }

  async screenshot(name: string, page = this.page): Promise<void> {
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
  }

  /** Expects that axe-core finds nothing in the current view. */
  async expectAccessible(page = this.page): Promise<void> {
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<AxeResults>("axe.run(document, { resultTypes: ['violations'] })")
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`)).toEqual([])
  }

  /** Waits until the shown job has this status. */
  async expectStatus(status: string): Promise<void> {
    await this.page.locator('.job-head .badge', { hasText: status }).waitFor({ timeout: PATIENCE_MS })
  }

  /** Restores of single models have a route outside of `/_backup`. */
  #isImport(url: string): boolean {
    return /^\/\w+\/import$/.test(new URL(url).pathname) && url.startsWith(this.program.url)
  }

  /** Browsers log every response of 4xx. These are expected, because the page shows their problems. */
  #isExpected(text: string, url: string): boolean {
    return /status of 4\d\d/.test(text) && this.expectedFailures.some((pattern) => pattern.test(url))
  }

  /** The URLs whose responses of 4xx the running test expects. */
  expectedFailures: readonly RegExp[] = []
}

const newPage = async (browser: Browser, options: BrowserContextOptions): Promise<Page> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  return page
}

/** Waits until no part of the page is loading. */
const expectSettled = async (page: Page): Promise<void> => {
  await page.locator('[aria-busy]').first().waitFor({ state: 'detached', timeout: PATIENCE_MS })
}
