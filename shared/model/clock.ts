/** The current time; steps and pure decisions take it as an argument. */
export type Clock = () => Date;
