// Starts and stops of something, one after the other however they are asked for.

/** What is started and stopped. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs a service. Requests never overlap: a stop that comes while the service starts waits for it, and restarts that
 * come meanwhile become one.
 */
export class Lifecycle {
  #service: Service | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #restart: Promise<void> | undefined;
  #disposed = false;

  constructor(private readonly create: () => Promise<Service>) {}

  /** Starts the service unless it runs. */
  start(): Promise<void> {
    return this.#queue(() => this.#up());
  }

  /** Stops the service and starts another one. */
  restart(): Promise<void> {
    this.#restart ??= this.#queue(async () => {
      this.#restart = undefined;
      await this.#down();
      await this.#up();
    });
    return this.#restart;
  }

  /** Stops the service for good. */
  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#queue(() => this.#down());
  }

  async #up(): Promise<void> {
    if (this.#service || this.#disposed) return;
    const service = await this.create();
    // Kept before it runs: what failed to start may still have to be stopped.
    this.#service = service;
    try {
      await service.start();
    } catch (error) {
      await this.#down();
      throw error;
    }
  }

  async #down(): Promise<void> {
    const service = this.#service;
    this.#service = undefined;
    // One that is dead already does not stop another one from starting.
    await service?.stop().catch(() => undefined);
  }

  #queue<T>(job: () => Promise<T>): Promise<T> {
    const run = this.#last.then(job, job);
    this.#last = run.catch(() => undefined);
    return run;
  }
}
