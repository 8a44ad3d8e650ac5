// What the charts use of ECharts: lines, points and shapes of our own on two axes, parallel coordinates, drawn on a canvas or, for
// downloads, as SVG. Legends, tooltips and zoom are the pages' own (assets/charts), since they must work from the keyboard and
// show names of any kind as text.
import * as core from 'echarts/core';
import { CustomChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import { GridComponent, ParallelComponent } from 'echarts/components';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

core.use([LineChart, ScatterChart, CustomChart, ParallelChart, GridComponent, ParallelComponent, CanvasRenderer, SVGRenderer]);

export const init = core.init;
export const version = core.version;
