const { AdaptiveCard, HostConfig } = globalThis.AdaptiveCards;
const dark = matchMedia("(prefers-color-scheme: dark)");

// Cards of others may use Markdown: shown as the text that it is.
AdaptiveCard.onProcessMarkdown = (text, result) => {
  const holder = document.createElement("span");
  holder.textContent = text;
  result.outputHtml = holder.innerHTML;
  result.didProcess = true;
};

/** Renders an Adaptive Card about as Teams shows it, in the page's light or dark colours, and again when they change. */
export function renderCard(json) {
  const holder = document.createElement("div");
  const draw = () => holder.replaceChildren(drawCard(json));
  dark.addEventListener("change", draw);
  draw();
  return holder;
}

function drawCard(json) {
  try {
    const card = new AdaptiveCard();
    card.hostConfig = new HostConfig(hostConfig(dark.matches ? darkColors : lightColors));
    card.onExecuteAction = open;
    card.parse(json);
    return card.render() ?? note("This card is empty.");
  } catch (error) {
    return note(`This card cannot be rendered: ${error.message}`);
  }
}

function open(action) {
  if (URL.canParse(action.url) && /^https?:$/.test(new URL(action.url).protocol)) {
    window.open(action.url, "_blank", "noopener,noreferrer");
  }
}

function note(text) {
  const made = document.createElement("p");
  made.className = "empty";
  made.textContent = text;
  return made;
}

const lightColors = {
  text: ["#242424", "#616161"],
  accent: ["#4f52b2", "#4f52b2"],
  good: ["#237b4b", "#237b4b"],
  warning: ["#8a6100", "#8a6100"],
  attention: ["#c4314b", "#c4314b"],
  sheet: "#ffffff",
  line: "#e6e6e6",
  bands: {
    emphasis: "#f5f5f5",
    good: "#e7f4ec",
    warning: "#fff4d6",
    attention: "#fbe9ec",
    accent: "#ebebf9",
  },
};

const darkColors = {
  text: ["#f5f5f5", "#adadad"],
  accent: ["#9ea2ff", "#9ea2ff"],
  good: ["#6ccf94", "#6ccf94"],
  warning: ["#f2c661", "#f2c661"],
  attention: ["#f1707b", "#f1707b"],
  sheet: "#292929",
  line: "#3d3d3d",
  bands: {
    emphasis: "#333333",
    good: "#1c3527",
    warning: "#3d3113",
    attention: "#44212a",
    accent: "#2f2f4a",
  },
};

function hostConfig(colors) {
  const pair = ([main, subtle]) => ({ default: main, subtle });
  const foregroundColors = {
    default: pair(colors.text),
    dark: pair(colors.text),
    light: pair(colors.text),
    accent: pair(colors.accent),
    good: pair(colors.good),
    warning: pair(colors.warning),
    attention: pair(colors.attention),
  };
  const style = (backgroundColor) => ({ backgroundColor, foregroundColors });
  return {
    supportsInteractivity: true,
    fontFamily:
      '"Segoe UI Variable", "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", Arial, sans-serif',
    fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
    fontWeights: { lighter: 400, default: 400, bolder: 600 },
    lineHeights: { small: 16, default: 20, medium: 20, large: 24, extraLarge: 32 },
    spacing: { small: 8, default: 8, medium: 16, large: 24, extraLarge: 32, padding: 16 },
    separator: { lineThickness: 1, lineColor: colors.line },
    containerStyles: {
      default: style(colors.sheet),
      ...Object.fromEntries(Object.entries(colors.bands).map(([name, color]) => [name, style(color)])),
    },
    actions: {
      maxActions: 6,
      spacing: "medium",
      buttonSpacing: 8,
      actionsOrientation: "horizontal",
      actionAlignment: "left",
    },
    factSet: { title: { weight: "bolder", wrap: true }, value: { wrap: true }, spacing: 16 },
  };
}
